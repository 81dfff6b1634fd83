package org.fieldcast.sdk.android

import android.content.Context
import android.content.pm.PackageManager
import android.os.Build
import java.io.File
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.KeyWrap
import org.fieldcast.sdk.Permissions
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.discovery.NsdDiscovery
import org.fieldcast.sdk.isMoving
import org.fieldcast.sdk.link.DirectLink

/** Fieldcast on an Android phone. */
object FieldcastAndroid {
    /**
     * Opens Fieldcast, by default in [folder], with all services of the phone: the key store protects the device key,
     * mobile data is recognized, Wi-Fi Direct groups are made and joined, and the phone stays awake during a transfer.
     * Keep one instance per process.
     *
     * With [systemDiscovery], Android's own service discovery announces and searches in addition to the built-in mDNS.
     * Use it for phones whose Wi-Fi blocks multicast for apps.
     */
    suspend fun open(
        context: Context,
        settings: OpenSettings = OpenSettings(folder(context)),
        systemDiscovery: Boolean = false,
    ): Fieldcast {
        val app = context.applicationContext
        // Load the library before JNA does: only then does it receive the Java VM.
        System.loadLibrary("fieldcast_ffi")
        val background = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val link = DirectLink(AndroidRadio(app), LastName(app), background)
        val discovery = if (systemDiscovery) NsdDiscovery(AndroidNsd(app), background) else null
        val ports = PlatformPorts(KeyWrap(AndroidKey), AndroidNetwork(app), AndroidMulticast(app), link, discovery)
        val fieldcast = Fieldcast.open(settings, ports)
        fieldcast.lifetime.invokeOnCompletion { background.cancel() }
        background.launch { WakeLocks(app).use { locks -> fieldcast.events.isMoving().collect(locks::hold) } }
        background.launch {
            try {
                link.cleanUp() // a group can exist longer than the process that made it
            } catch (_: PortException) {
                // The next call that makes or joins a group reports the error.
            }
        }
        return fieldcast
    }

    /** The folder `fieldcast` among the app's files that are excluded from backups. */
    fun folder(context: Context): String = File(context.applicationContext.noBackupFilesDir, "fieldcast").path

    /**
     * The permissions that are needed to make or join a group or to discover devices, and that the user has not granted
     * yet.
     */
    fun missingPermissions(context: Context): List<String> = missing(context, Permissions.forNearby(level(context)))

    /** The additional permissions that are needed to show the notification of a transfer. */
    fun missingNotificationPermission(context: Context): List<String> =
        missing(context, Permissions.forNotification(level(context)))
}

/** The API level by which the system treats this app. */
internal fun level(context: Context): Int = minOf(Build.VERSION.SDK_INT, context.applicationInfo.targetSdkVersion)

internal fun missing(context: Context, permissions: List<String>): List<String> =
    permissions.filter { context.checkSelfPermission(it) != PackageManager.PERMISSION_GRANTED }
