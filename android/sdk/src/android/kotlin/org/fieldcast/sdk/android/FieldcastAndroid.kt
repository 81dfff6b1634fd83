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
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.discovery.NsdDiscovery
import org.fieldcast.sdk.isMoving
import org.fieldcast.sdk.link.DirectLink

/** Fieldcast on an Android phone. */
object FieldcastAndroid {
    /**
     * Opens Fieldcast in the app's folder that is never backed up, with all that the phone does for it: the key store keeps
     * the device key, mobile data is told apart, Wi-Fi Direct groups are made and joined, and the phone stays awake while
     * data moves. Keep one per process.
     *
     * With [systemDiscovery] Android's own service discovery announces and searches beside the built-in mDNS, for phones
     * whose Wi-Fi keeps multicast from apps.
     */
    suspend fun open(
        context: Context,
        deviceName: String? = null,
        allowHttp: Boolean = false,
        systemDiscovery: Boolean = false,
    ): Fieldcast {
        val app = context.applicationContext
        // Before JNA does: only so is the library told of the Java VM.
        System.loadLibrary("fieldcast_ffi")
        val background = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val link = DirectLink(AndroidRadio(app), LastName(app), background)
        val discovery = if (systemDiscovery) NsdDiscovery(AndroidNsd(app), background) else null
        val ports = PlatformPorts(KeyWrap(AndroidKey), AndroidNetwork(app), AndroidMulticast(app), link, discovery)
        val fieldcast = Fieldcast.open(File(app.noBackupFilesDir, "fieldcast"), deviceName, allowHttp, ports = ports)
        fieldcast.lifetime.invokeOnCompletion { background.cancel() }
        background.launch { WakeLocks(app).use { locks -> fieldcast.events.isMoving().collect(locks::hold) } }
        background.launch {
            try {
                link.cleanUp() // a group outlives the process that made it
            } catch (_: PortException) {
                // The next group that is made or joined is told why it cannot be.
            }
        }
        return fieldcast
    }

    /** What the person has to be asked for before a group is made or joined or anybody is found, and has not granted yet. */
    fun missingPermissions(context: Context): List<String> = missing(context, Permissions.forNearby(level(context)))

    /** What the person may be asked for besides, so that the notification of a transfer is seen. */
    fun missingNotificationPermission(context: Context): List<String> =
        missing(context, Permissions.forNotification(level(context)))
}

/** The level by which the system treats this app. */
internal fun level(context: Context): Int = minOf(Build.VERSION.SDK_INT, context.applicationInfo.targetSdkVersion)

internal fun missing(context: Context, permissions: List<String>): List<String> =
    permissions.filter { context.checkSelfPermission(it) != PackageManager.PERMISSION_GRANTED }
