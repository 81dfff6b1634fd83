package org.fieldcast.sdk.android

import android.annotation.SuppressLint
import android.content.BroadcastReceiver
import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.content.pm.PackageManager
import android.location.LocationManager
import android.net.wifi.p2p.WifiP2pInfo
import android.net.wifi.p2p.WifiP2pManager
import android.net.wifi.p2p.WifiP2pManager.ActionListener
import android.net.wifi.p2p.WifiP2pManager.Channel
import android.os.Build
import kotlin.coroutines.Continuation
import kotlin.coroutines.resume
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.suspendCancellableCoroutine
import org.fieldcast.sdk.Permissions
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.link.Band
import org.fieldcast.sdk.link.Radio
import org.fieldcast.sdk.link.RadioGroup
import org.fieldcast.sdk.link.Refusal

/**
 * Android's Wi-Fi Direct; translation only. [org.fieldcast.sdk.link.DirectLink] decides which request to make and when.
 */
@SuppressLint("MissingPermission", "NewApi") // obstacle() is called first
internal class AndroidRadio(private val context: Context) : Radio {
    private val manager: WifiP2pManager? = context.getSystemService(WifiP2pManager::class.java)

    @Volatile private var channel: Channel? = null

    override suspend fun obstacle(): PortException? {
        val level = level(context)
        return when {
            manager == null || !context.packageManager.hasSystemFeature(PackageManager.FEATURE_WIFI_DIRECT) ->
                PortException.Unavailable("this phone has no Wi-Fi Direct: connect both phones to the same Wi-Fi")
            Build.VERSION.SDK_INT < Build.VERSION_CODES.Q ->
                PortException.Unavailable("Wi-Fi groups need Android 10: connect both phones to the same Wi-Fi")
            missing(context, Permissions.forNearby(level)).isNotEmpty() ->
                PortException.Denied("${missing(context, Permissions.forNearby(level)).last()} is not granted")
            Permissions.needsLocationOn(level) && !isLocationOn() ->
                PortException.Denied("location is off, but this Android needs it to find phones: turn location on")
            !isOn() -> PortException.Unavailable("Wi-Fi is off: turn it on")
            else -> null
        }
    }

    override suspend fun group(): RadioGroup? {
        val group = answer { manager, channel, answered -> manager.requestGroupInfo(channel) { answered.resume(it) } }
        val info = answer<WifiP2pInfo?> { manager, channel, answered ->
            manager.requestConnectionInfo(channel) { answered.resume(it) }
        }
        return wifi { radioGroup(group, info) }
    }

    override fun changes(): Flow<Unit> = callbackFlow {
        val receiver = object : BroadcastReceiver() {
            override fun onReceive(context: Context, intent: Intent) {
                trySend(Unit)
            }
        }
        val news = IntentFilter(WifiP2pManager.WIFI_P2P_CONNECTION_CHANGED_ACTION)
        news.addAction(WifiP2pManager.WIFI_P2P_STATE_CHANGED_ACTION)
        context.registerReceiver(receiver, news) // only the system sends these
        awaitClose { context.unregisterReceiver(receiver) }
    }

    override suspend fun quiet() {
        request(WifiP2pManager::stopPeerDiscovery)
        request(WifiP2pManager::clearServiceRequests)
        request(WifiP2pManager::clearLocalServices)
    }

    override suspend fun make(group: WifiGroup, band: Band): Refusal? {
        val config = config(group, band)
        return request { channel, listener -> createGroup(channel, config, listener) }
    }

    override suspend fun join(group: WifiGroup): Refusal? {
        val config = config(group)
        return request { channel, listener -> connect(channel, config, listener) }
    }

    override suspend fun cancelJoin(): Refusal? = request(WifiP2pManager::cancelConnect)

    override suspend fun leave(): Refusal? = request(WifiP2pManager::removeGroup)

    override fun release() {
        channel?.close()
        channel = null
    }

    private suspend fun isOn(): Boolean {
        val state = answer<Int> { manager, channel, answered ->
            manager.requestP2pState(channel) { answered.resume(it) }
        }
        return state == WifiP2pManager.WIFI_P2P_STATE_ENABLED
    }

    private fun isLocationOn(): Boolean =
        context.getSystemService(LocationManager::class.java)?.isLocationEnabled == true

    private suspend fun request(call: WifiP2pManager.(Channel, ActionListener) -> Unit): Refusal? =
        answer { manager, channel, answered ->
            manager.call(
                channel,
                object : ActionListener {
                    override fun onSuccess() = answered.resume(null)

                    override fun onFailure(reason: Int) = answered.resume(refusal(reason))
                },
            )
        }

    private suspend fun <T> answer(ask: (WifiP2pManager, Channel, Continuation<T>) -> Unit): T {
        val manager = manager
            ?: throw PortException.Unavailable("no Wi-Fi Direct: connect both phones to the same Wi-Fi")
        return suspendCancellableCoroutine { answered -> wifi { ask(manager, opened(manager), answered) } }
    }

    /** The system closes the channel if its own process has crashed. The next request opens a new one. */
    private fun opened(manager: WifiP2pManager): Channel = channel
        ?: manager.initialize(context, context.mainLooper) { channel = null }?.also { channel = it }
        ?: throw PortException.Unavailable("Wi-Fi Direct does not start: turn Wi-Fi off and on again")
}
