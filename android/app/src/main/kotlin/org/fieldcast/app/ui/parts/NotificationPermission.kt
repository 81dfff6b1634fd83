package org.fieldcast.app.ui.parts

import android.content.Context
import androidx.activity.compose.rememberLauncherForActivityResult
import androidx.activity.result.contract.ActivityResultContracts
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.ui.platform.LocalContext
import androidx.core.content.edit
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.withContext
import org.fieldcast.sdk.android.FieldcastAndroid

/**
 * Asks once per installation whether notifications may be shown, as soon as [isNeeded]. Nothing depends on the answer:
 * without notifications a transfer only runs unseen in the background.
 */
@Composable
fun AskForNotifications(isNeeded: Boolean) {
    val context = LocalContext.current
    val launcher = rememberLauncherForActivityResult(ActivityResultContracts.RequestMultiplePermissions()) {}
    LaunchedEffect(isNeeded) {
        if (!isNeeded) return@LaunchedEffect
        val missing = withContext(Dispatchers.IO) { context.firstQuestion() }
        if (missing.isNotEmpty()) launcher.launch(missing.toTypedArray())
    }
}

/** The permissions to ask for; none if they were asked for before. */
private fun Context.firstQuestion(): List<String> {
    val missing = FieldcastAndroid.missingNotificationPermission(this)
    val preferences = getSharedPreferences("questions", Context.MODE_PRIVATE)
    if (missing.isEmpty() || preferences.getBoolean(NOTIFICATIONS, false)) return emptyList()
    preferences.edit { putBoolean(NOTIFICATIONS, true) }
    return missing
}

private const val NOTIFICATIONS = "notifications"
