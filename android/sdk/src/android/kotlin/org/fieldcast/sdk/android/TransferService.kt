package org.fieldcast.sdk.android

import android.app.Notification
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder
import org.fieldcast.sdk.Permissions

/**
 * Keeps the app running in the background while it offers, receives or downloads, and shows a notification to the user.
 * The service does no work itself. Android allows its start only while the app is on the screen.
 */
class TransferService : Service() {
    override fun onBind(intent: Intent?): IBinder? = null

    override fun onStartCommand(intent: Intent?, flags: Int, startId: Int): Int {
        val notification = intent?.notification()
        if (notification == null) {
            stopSelf(startId)
        } else {
            show(notification)
            running = this
            if (!isWanted) stopSelf()
        }
        // The transfer ended with the process. When the user opens the app, the app starts it again, and it continues.
        return START_NOT_STICKY
    }

    override fun onDestroy() {
        running = null
        super.onDestroy()
    }

    private fun show(notification: Notification) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            startForeground(NOTIFICATION, notification, serviceTypes(level(this)))
        } else {
            startForeground(NOTIFICATION, notification)
        }
    }

    companion object {
        /** The notification number, to update the notification. */
        const val NOTIFICATION = 0x0fca57
        private const val EXTRA = "org.fieldcast.sdk.notification"

        @Volatile private var running: TransferService? = null

        @Volatile private var isWanted = false

        /**
         * Starts the service, or shows another notification. From Android 12, throws
         * `ForegroundServiceStartNotAllowedException` (an [IllegalStateException]) if the app is not on the screen.
         */
        fun start(context: Context, notification: Notification) {
            isWanted = true
            context.startForegroundService(Intent(context, TransferService::class.java).putExtra(EXTRA, notification))
        }

        /** Stops the service. */
        fun stop() {
            // Android kills an app whose service is stopped before it has shown its notification, so the service stops
            // itself then.
            isWanted = false
            running?.stopSelf()
        }

        @Suppress("DEPRECATION") // the typed variant needs Android 13 and is broken there
        private fun Intent.notification(): Notification? = getParcelableExtra(EXTRA)
    }
}

/**
 * The types of the service for an app of this API level. Where Wi-Fi Direct needs the location permission, Android
 * hides the group from an app in the background unless its service has the type location.
 */
internal fun serviceTypes(level: Int): Int {
    val connected = ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE
    val needsLocation = Permissions.needsLocationOn(level)
    return if (needsLocation) connected or ServiceInfo.FOREGROUND_SERVICE_TYPE_LOCATION else connected
}
