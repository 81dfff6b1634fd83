package org.fieldcast.app.ui.parts

import android.app.Activity
import android.content.Intent
import android.provider.Settings
import androidx.activity.compose.LocalActivity
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts.RequestMultiplePermissions
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.rememberUpdatedState
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import androidx.lifecycle.compose.LifecycleResumeEffect

/** How to ask the user for a permission that a screen has explained. */
class PermissionRequest(
    /** Whether the system shows no more dialogs, so that only its settings help. */
    val isRefused: Boolean,
    /** Shows the system's dialog. */
    val ask: (permissions: List<String>) -> Unit,
)

/** [onChange] is called after each answer, and when the user returns, for example from the settings. */
@Composable
fun rememberPermissionRequest(onChange: () -> Unit): PermissionRequest {
    val activity = LocalActivity.current
    val report by rememberUpdatedState(onChange)
    var isRefused by rememberSaveable { mutableStateOf(false) }
    val launcher = rememberLauncherForActivityResult(RequestMultiplePermissions()) { answers ->
        isRefused = activity != null &&
            answers.any { (permission, isGranted) -> !isGranted && !activity.explains(permission) }
        report()
    }
    LifecycleResumeEffect(Unit) {
        report()
        onPauseOrDispose { }
    }
    return PermissionRequest(isRefused) { launcher.launch(it.toTypedArray()) }
}

/** Whether the system would ask again. */
private fun Activity.explains(permission: String) = shouldShowRequestPermissionRationale(permission)

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
