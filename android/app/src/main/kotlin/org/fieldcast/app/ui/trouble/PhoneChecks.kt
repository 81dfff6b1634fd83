package org.fieldcast.app.ui.trouble

import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.location.LocationManager
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.wifi.WifiManager
import android.os.Build
import android.os.PowerManager
import android.provider.Settings
import androidx.core.content.ContextCompat
import androidx.core.location.LocationManagerCompat
import org.fieldcast.sdk.android.FieldcastAndroid
import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.doctor

/** The settings of the phone that can keep it from sending and receiving. None where the phone does not tell. */
data class PhoneFacts(
    /** Permissions that are needed to find other phones and to connect to them. */
    val missingPermissions: List<String> = emptyList(),
    /** The permission to show the notification of a transfer. */
    val missingNotification: List<String> = emptyList(),
    val isWifiOn: Boolean? = true,
    val isAirplaneModeOn: Boolean = false,
    val isHotspotOn: Boolean? = false,
    /** None if this version of Android does not need it. */
    val isLocationOn: Boolean? = true,
    val isVpnOn: Boolean = false,
    val isBatterySaverOn: Boolean = false,
    /** Whether the phone may stop the app in the background to save the battery. */
    val isBatteryOptimized: Boolean = false,
)

/** What can keep this phone from sending and receiving. Tests replace it. */
interface PhoneChecks {
    /** Looks at the settings. Takes milliseconds. */
    fun facts(): PhoneFacts

    /** Checks the folder, the storage, the clock and the network, also if the engine is not open. Takes seconds. */
    suspend fun engine(): List<Check>
}

/** The checks of a real phone. */
class AndroidPhoneChecks(private val context: Context) : PhoneChecks {
    private val wifi = context.applicationContext.getSystemService(WifiManager::class.java)
    private val power = context.getSystemService(PowerManager::class.java)

    override fun facts() = PhoneFacts(
        missingPermissions = FieldcastAndroid.missingPermissions(context),
        missingNotification = FieldcastAndroid.missingNotificationPermission(context),
        isWifiOn = wifi?.isWifiEnabled,
        isAirplaneModeOn = Settings.Global.getInt(context.contentResolver, Settings.Global.AIRPLANE_MODE_ON, 0) != 0,
        isHotspotOn = isHotspotOn(),
        isLocationOn = isLocationOn(),
        isVpnOn = isVpnOn(),
        isBatterySaverOn = power?.isPowerSaveMode == true,
        isBatteryOptimized = power?.isIgnoringBatteryOptimizations(context.packageName) == false,
    )

    override suspend fun engine(): List<Check> {
        // Without the lock, the phone does not deliver its own announcement and the check finds a false problem.
        val lock = wifi?.createMulticastLock("fieldcast-doctor")
        lock?.acquire()
        try {
            return doctor(FieldcastAndroid.folder(context), null)
        } finally {
            lock?.release()
        }
    }

    /** From the last announcement of the system, because apps have no call for it. */
    private fun isHotspotOn(): Boolean? {
        val filter = IntentFilter(HOTSPOT_CHANGED)
        val last: Intent? = ContextCompat.registerReceiver(context, null, filter, ContextCompat.RECEIVER_EXPORTED)
        return last?.getIntExtra(HOTSPOT_STATE, 0)?.let { it == HOTSPOT_STARTING || it == HOTSPOT_ON }
    }

    private fun isLocationOn(): Boolean? {
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) return null
        return context.getSystemService(LocationManager::class.java)?.let(LocationManagerCompat::isLocationEnabled)
    }

    private fun isVpnOn(): Boolean {
        val connectivity = context.getSystemService(ConnectivityManager::class.java) ?: return false
        val network = connectivity.getNetworkCapabilities(connectivity.activeNetwork) ?: return false
        return network.hasTransport(NetworkCapabilities.TRANSPORT_VPN)
    }

    // Hidden constants of WifiManager; the system has sent this sticky broadcast since Android 2.3.
    private companion object {
        const val HOTSPOT_CHANGED = "android.net.wifi.WIFI_AP_STATE_CHANGED"
        const val HOTSPOT_STATE = "wifi_state"
        const val HOTSPOT_STARTING = 12
        const val HOTSPOT_ON = 13
    }
}
