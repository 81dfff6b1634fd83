package org.fieldcast.sdk.android

import android.content.Context
import android.net.wifi.WifiManager
import android.os.Build
import android.os.PowerManager
import org.fieldcast.sdk.link.LastGroup

/** Keeps processor and Wi-Fi awake while data moves; the screen may go off. */
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
        /** Longer than any transfer takes, and no battery is emptied by a mistake here. */
        const val AT_MOST = 3 * 60 * 60 * 1000L

        // The low-latency mode works in the foreground with the screen on only; this one was the other until Android 14.
        @Suppress("DEPRECATION")
        fun wifiMode() = if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) {
            WifiManager.WIFI_MODE_FULL_LOW_LATENCY
        } else {
            WifiManager.WIFI_MODE_FULL_HIGH_PERF
        }
    }
}

/** The last group's name, in the app's preferences. */
internal class LastName(context: Context) : LastGroup {
    private val preferences = context.getSharedPreferences("fieldcast", Context.MODE_PRIVATE)

    override var name: String?
        get() = preferences.getString(KEY, null)
        // At once on disk: the group outlives this process, whatever ends it.
        set(value) {
            preferences.edit().putString(KEY, value).commit()
        }

    private companion object {
        const val KEY = "last group"
    }
}
