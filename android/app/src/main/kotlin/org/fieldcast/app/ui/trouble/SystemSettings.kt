package org.fieldcast.app.ui.trouble

import android.content.Context
import android.content.Intent
import android.os.Build
import android.os.storage.StorageManager
import android.provider.Settings
import org.fieldcast.app.ui.parts.appPage
import org.fieldcast.app.ui.parts.appUri

/** Pages of the system's settings, each with others to try. */
object SystemSettings {
    /** The pages that help, the best first. [level] is the API level of the phone. */
    fun pages(context: Context, remedy: Remedy, level: Int = Build.VERSION.SDK_INT): List<Intent> = when (remedy) {
        Remedy.ASK_PERMISSIONS -> listOf(context.appPage())
        Remedy.ASK_NOTIFICATION -> listOf(notifications(context), context.appPage())
        Remedy.WIFI -> listOfNotNull(
            Intent(Settings.Panel.ACTION_WIFI).takeIf { level >= Build.VERSION_CODES.Q },
            Intent(Settings.ACTION_WIFI_SETTINGS),
            Intent(Settings.ACTION_WIRELESS_SETTINGS),
        )
        Remedy.AIRPLANE_MODE ->
            listOf(Intent(Settings.ACTION_AIRPLANE_MODE_SETTINGS), Intent(Settings.ACTION_WIRELESS_SETTINGS))
        // There is no public page for the hotspot.
        Remedy.HOTSPOT -> listOf(Intent("android.settings.TETHER_SETTINGS"), Intent(Settings.ACTION_WIRELESS_SETTINGS))
        Remedy.LOCATION -> listOf(Intent(Settings.ACTION_LOCATION_SOURCE_SETTINGS))
        Remedy.VPN -> listOf(Intent(Settings.ACTION_VPN_SETTINGS), Intent(Settings.ACTION_WIRELESS_SETTINGS))
        Remedy.BATTERY_SAVER -> listOf(Intent(Settings.ACTION_BATTERY_SAVER_SETTINGS))
        Remedy.BATTERY_OPTIMIZATION ->
            listOf(Intent(Settings.ACTION_IGNORE_BATTERY_OPTIMIZATION_SETTINGS), context.appPage())
        Remedy.SPACE ->
            listOf(Intent(StorageManager.ACTION_MANAGE_STORAGE), Intent(Settings.ACTION_INTERNAL_STORAGE_SETTINGS))
        Remedy.CLOCK -> listOf(Intent(Settings.ACTION_DATE_SETTINGS))
    }

    /** The language of this app; none before Android 13, where it follows the phone. */
    fun language(context: Context, level: Int = Build.VERSION.SDK_INT): List<Intent>? =
        if (level < Build.VERSION_CODES.TIRAMISU) {
            null
        } else {
            listOf(Intent(Settings.ACTION_APP_LOCALE_SETTINGS, context.appUri()), context.appPage())
        }

    private fun notifications(context: Context) =
        Intent(Settings.ACTION_APP_NOTIFICATION_SETTINGS).putExtra(Settings.EXTRA_APP_PACKAGE, context.packageName)
}
