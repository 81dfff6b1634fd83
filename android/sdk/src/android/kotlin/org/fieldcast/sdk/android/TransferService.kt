package org.fieldcast.sdk.android

import android.app.Notification
import android.app.Service
import android.content.Context
import android.content.Intent
import android.content.pm.ServiceInfo
import android.os.Build
import android.os.IBinder

/**
 * Keeps the app running in the background while it offers, receives or downloads, with a notification that the person sees.
 * It does no work itself. Android lets it begin only while the app is on the screen.
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
        // What ran is gone with the process: the app begins anew when the person opens it, and goes on where it was.
        return START_NOT_STICKY
    }

    override fun onDestroy() {
        running = null
        super.onDestroy()
    }

    private fun show(notification: Notification) {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q) {
            startForeground(NOTIFICATION, notification, ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE)
        } else {
            startForeground(NOTIFICATION, notification)
        }
    }

    companion object {
        /** The number of its notification, to change what that shows. */
        const val NOTIFICATION = 0x0fca57
        private const val EXTRA = "org.fieldcast.sdk.notification"

        @Volatile private var running: TransferService? = null

        @Volatile private var isWanted = false

        /**
         * Begins, or shows another notification. From Android 12 on `ForegroundServiceStartNotAllowedException` is thrown
         * (an [IllegalStateException]) when the app is not on the screen.
         */
        fun start(context: Context, notification: Notification) {
            isWanted = true
            context.startForegroundService(Intent(context, TransferService::class.java).putExtra(EXTRA, notification))
        }

        /** Ends. */
        fun stop() {
            // Android ends an app whose service is stopped before it has shown its notification: then it stops itself.
            isWanted = false
            running?.stopSelf()
        }

        @Suppress("DEPRECATION") // the typed one is Android 13's, and was broken there
        private fun Intent.notification(): Notification? = getParcelableExtra(EXTRA)
    }
}
