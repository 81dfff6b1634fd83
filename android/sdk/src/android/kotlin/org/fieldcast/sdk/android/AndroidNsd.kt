package org.fieldcast.sdk.android

import android.content.Context
import android.net.nsd.NsdManager
import android.net.nsd.NsdServiceInfo
import android.os.Build
import java.net.InetAddress
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.channels.awaitClose
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.callbackFlow
import kotlinx.coroutines.suspendCancellableCoroutine
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.RemoteService
import org.fieldcast.sdk.discovery.Nsd
import org.fieldcast.sdk.discovery.DiscoveryEvent

/** Android's service discovery; translation only. It works on all networks of the phone at once. */
internal class AndroidNsd(private val context: Context) : Nsd {
    private val manager: NsdManager
        get() = context.getSystemService(NsdManager::class.java)
            ?: throw PortException.Unavailable("this phone has no service discovery: connect by an invite")

    override suspend fun announce(service: LocalService): Nothing = suspendCancellableCoroutine { announced ->
        val manager = manager
        val listener = object : NsdManager.RegistrationListener {
            override fun onRegistrationFailed(info: NsdServiceInfo, code: Int) = announced.resumeWithException(failed(code))

            override fun onServiceRegistered(info: NsdServiceInfo) = Unit

            override fun onServiceUnregistered(info: NsdServiceInfo) = Unit

            override fun onUnregistrationFailed(info: NsdServiceInfo, code: Int) = Unit
        }
        typed { manager.registerService(info(service), NsdManager.PROTOCOL_DNS_SD, listener) }
        announced.invokeOnCancellation { end { manager.unregisterService(listener) } }
    }

    override fun search(kind: String): Flow<DiscoveryEvent> = callbackFlow {
        val manager = manager
        val listener = object : NsdManager.DiscoveryListener {
            override fun onServiceFound(info: NsdServiceInfo) {
                trySend(DiscoveryEvent.Found(info.serviceName))
            }

            override fun onServiceLost(info: NsdServiceInfo) {
                trySend(DiscoveryEvent.Lost(info.serviceName))
            }

            override fun onStartDiscoveryFailed(type: String, code: Int) {
                close(failed(code))
            }

            override fun onDiscoveryStopped(type: String) {
                close()
            }

            override fun onDiscoveryStarted(type: String) = Unit

            override fun onStopDiscoveryFailed(type: String, code: Int) = Unit
        }
        typed { manager.discoverServices(kind, NsdManager.PROTOCOL_DNS_SD, listener) }
        awaitClose { end { manager.stopServiceDiscovery(listener) } }
    }.buffer(Channel.UNLIMITED)

    // The replacement needs Android 14 and explicit cleanup.
    @Suppress("DEPRECATION")
    override suspend fun resolve(kind: String, name: String): RemoteService? = suspendCancellableCoroutine { answered ->
        val listener = object : NsdManager.ResolveListener {
            override fun onServiceResolved(info: NsdServiceInfo) = answered.resume(remote(info))

            override fun onResolveFailed(info: NsdServiceInfo, code: Int) = answered.resume(null)
        }
        val asked = NsdServiceInfo().apply {
            serviceName = name
            serviceType = kind
        }
        typed { manager.resolveService(asked, listener) }
    }

    /** Ignores the error for an operation that has not started or has already ended. */
    private fun end(call: () -> Unit) = try {
        call()
    } catch (_: IllegalArgumentException) {
    }
}

private fun failed(code: Int) =
    PortException.Unavailable("service discovery failed ($code): turn Wi-Fi off and on again")

/** The service in Android's form. */
internal fun info(service: LocalService) = NsdServiceInfo().apply {
    serviceName = service.name
    serviceType = service.kind
    port = service.port.toInt()
    service.txt.forEach(::setAttribute)
}

/** The discovered service in Fieldcast's form. Before Android 14 it has only one address. */
@Suppress("DEPRECATION")
internal fun remote(info: NsdServiceInfo, level: Int = Build.VERSION.SDK_INT): RemoteService {
    val hosts = if (level >= Build.VERSION_CODES.UPSIDE_DOWN_CAKE) info.hostAddresses else listOfNotNull(info.host)
    val txt = info.attributes.mapValues { (_, value) -> value?.decodeToString().orEmpty() }
    return RemoteService(info.serviceName, txt, hosts.mapNotNull(::address), info.port.toUShort())
}

/** The address without the interface name that some addresses have. */
private fun address(host: InetAddress): String? = host.hostAddress?.substringBefore('%')
