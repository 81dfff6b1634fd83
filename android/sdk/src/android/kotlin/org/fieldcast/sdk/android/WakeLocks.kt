package org.fieldcast.sdk.android

import android.content.Context
import android.net.wifi.WifiManager
import android.os.Build
import android.os.PowerManager
import org.fieldcast.sdk.link.LastGroup

/** Keeps the processor and Wi-Fi awake during a transfer. The screen may turn off. */
internal class WakeLocks(context: Context) : AutoCloseable {
    private val processor = context.getSystemService(PowerManager::class.java)
        ?.newWakeLock(PowerManager.PARTIAL_WAKE_LOCK, "fieldcast:moving")?.apply { setReferenceCounted(false) }
    private val wifi = context.getSystemService(WifiManager::class.java)
        ?.createWifiLock(wifiMode(), "fieldcast:moving")?.apply { setReferenceCounted(false) }

    fun hold(isMoving: Boolean) {
        if (isMoving) {
            processor?.acquire(AT_MOST)
            wifi?.acquire()
        } else {
            close()
        }
    }

    override fun close() {
        processor?.apply { if (isHeld) release() }
        wifi?.apply { if (isHeld) release() }
    }

    private companion object {
        /** Longer than any transfer, but short enough that an error does not drain the battery. */
        const val AT_MOST = 3 * 60 * 60 * 1000L

        // The low-latency mode only works in the foreground with the screen on. This mode is the alternative before
        // Android 14.
        @Suppress("DEPRECATION")
        fun wifiMode() = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            WifiManager.WIFI_MODE_FULL_LOW_LATENCY
        } else {
            WifiManager.WIFI_MODE_FULL_HIGH_PERF
        }
    }
}

/** The name of the last group, in the app's preferences. */
internal class LastName(context: Context) : LastGroup {
    private val preferences = context.getSharedPreferences("fieldcast", Context.MODE_PRIVATE)

    override var name: String?
        get() = preferences.getString(KEY, null)
        // Written to disk at once, because the group can exist longer than this process.
        set(value) {
            preferences.edit().putString(KEY, value).commit()
        }

    private companion object {
        const val KEY = "last group"
    }
}
