package org.fieldcast.app.ui.parts

import android.app.Activity
import android.content.Context
import android.content.Intent
import android.content.SharedPreferences
import android.os.SystemClock
import android.provider.Settings
import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.RequestMultiplePermissions
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import androidx.core.content.edit
import androidx.lifecycle.compose.LifecycleResumeEffect

/** How to ask the user for a permission that a screen has explained. */
class PermissionRequest(
    /** The permissions for which the system shows no more dialogs. */
    private val refused: Set<String>,
    /** Shows the system's dialog. */
    val ask: (permissions: List<String>) -> Unit,
) {
    /** Whether the system shows no dialog for one of these permissions, so that only its settings help. */
    fun isRefused(permissions: List<String>): Boolean = permissions.any { it in refused }
}

/**
 * [onChange] is called after each answer, and when the user returns, for example from the settings. [onRefused] is
 * called after an answer for which the system has shown no dialog, or will show no more.
 */
@Composable
fun rememberPermissionRequest(onRefused: () -> Unit = {}, onChange: () -> Unit): PermissionRequest {
    val activity = LocalActivity.current
    val report by rememberUpdatedState(onChange)
    val reportRefused by rememberUpdatedState(onRefused)
    var refused by rememberSaveable { mutableStateOf(emptySet<String>()) }
    val dialogs = remember(activity) { activity?.let(::PermissionDialogs) }
    val launcher = rememberLauncherForActivityResult(RequestMultiplePermissions()) { answers ->
        val final = dialogs?.refused(answers).orEmpty()
        refused = refused - answers.keys + final
        report()
        if (final.isNotEmpty()) reportRefused()
    }
    LifecycleResumeEffect(Unit) {
        report()
        onPauseOrDispose { }
    }
    return PermissionRequest(refused) { permissions ->
        dialogs?.onAsk(permissions)
        launcher.launch(permissions.toTypedArray())
    }
}

/**
 * Tells a refusal for ever from a dialog that the user has closed without an answer, which the system reports as the
 * same. It wants an app to explain a permission ("rationale") from the first refusal until the last one. If it never
 * has, for example because the user refused in the settings, the answer comes at once.
 */
private class PermissionDialogs(private val activity: Activity) {
    private val asked = activity.getSharedPreferences("questions", Context.MODE_PRIVATE)

    /** When the dialog was requested; none if it was by an activity that is gone. */
    private var since: Long? = null

    fun onAsk(permissions: List<String>) {
        since = SystemClock.elapsedRealtime()
        asked.remember(permissions.filter(activity::shouldShowRequestPermissionRationale))
    }

    /** The permissions for which the system will show no dialog. */
    fun refused(answers: Map<String, Boolean>): Set<String> {
        val isAtOnce = since?.let { SystemClock.elapsedRealtime() - it < AT_ONCE } == true
        val (explained, others) = answers.filterValues { !it }.keys.partition(activity::shouldShowRequestPermissionRationale)
        val final = others.filter { isAtOnce || asked.getBoolean(it, false) }
        asked.remember(explained)
        return final.toSet()
    }

    /** Beyond the process: the system says the same before the first refusal and after the last one. */
    private fun SharedPreferences.remember(refusedOnce: List<String>) {
        if (refusedOnce.isNotEmpty()) edit { refusedOnce.forEach { putBoolean(it, true) } }
    }

    private companion object {
        /** Milliseconds. No user reads and closes a dialog as fast. */
        const val AT_ONCE = 400L
    }
}

/** Returns an action that opens this app's page in the system settings. */
@Composable
fun rememberAppSettings(): () -> Unit {
    val context = LocalContext.current
    return { context.openSystemPage(listOf(context.appPage())) }
}

/** Returns an action that opens the page of the system settings with the location switch. */
@Composable
fun rememberLocationSettings(): () -> Unit {
    val context = LocalContext.current
    return { context.openSystemPage(listOf(Intent(Settings.ACTION_LOCATION_SOURCE_SETTINGS))) }
}
