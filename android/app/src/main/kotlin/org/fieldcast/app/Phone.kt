package org.fieldcast.app

import android.content.Context
import android.net.ConnectivityManager
import android.net.Network
import android.os.Build
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import org.fieldcast.app.ui.trouble.AndroidPhoneChecks
import org.fieldcast.app.ui.trouble.PhoneChecks
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.android.FieldcastAndroid
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.OpenSettings

/** What the app takes from the phone. Tests replace it. */
interface Phone {
    /**
     * Opens the engine. Takes up to seconds, and blocks the calling thread while the library is loaded. A [deviceName]
     * replaces the name of this phone.
     */
    suspend fun open(newIdentity: Boolean, deviceName: String? = null): Fieldcast

    /** The options of every exchange; the network is added to them. */
    val exchange: ExchangeOptions

    /** Whether this phone can make and join Wi-Fi Direct groups by name. */
    val hasGroups: Boolean

    /** The network with internet, at the start and after each change. Networks differ by `equals`; none without any. */
    fun internet(): Flow<Any?>

    /** What can keep this phone from sending and receiving. */
    fun checks(context: Context): PhoneChecks = AndroidPhoneChecks(context)

    /** Milliseconds since 1970. */
    fun now(): Long = System.currentTimeMillis()
}

/** The real phone. */
class AndroidPhone(private val context: Context) : Phone {
    override suspend fun open(newIdentity: Boolean, deviceName: String?): Fieldcast {
        // Debug and training builds may use a test server in the same network, which has no certificate.
        val settings = OpenSettings(
            FieldcastAndroid.folder(context),
            deviceName,
            allowHttp = BuildKind.IS_REHEARSAL,
            newIdentity = newIdentity,
        )
        return FieldcastAndroid.open(context, settings)
    }

    override val exchange = ExchangeOptions()

    // Android 10 is the first version that makes a group with a given name, so that the other phone shows no question.
    override val hasGroups: Boolean
        get() = Build.VERSION.SDK_INT >= Build.VERSION_CODES.Q &&
            context.packageManager.hasSystemFeature("android.hardware.wifi.direct")

    override fun internet(): Flow<Any?> = callbackFlow {
        val connectivity = checkNotNull(context.getSystemService(ConnectivityManager::class.java))
        trySend(connectivity.activeNetwork) // the callback reports only a network
        val callback = object : ConnectivityManager.NetworkCallback() {
            override fun onAvailable(network: Network) {
                trySend(network)
            }

            override fun onLost(network: Network) {
                trySend(null)
            }
        }
        connectivity.registerDefaultNetworkCallback(callback)
        awaitClose { connectivity.unregisterNetworkCallback(callback) }
    }
}
