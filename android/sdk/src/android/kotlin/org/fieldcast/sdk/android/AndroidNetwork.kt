package org.fieldcast.sdk.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.wifi.WifiManager
import org.fieldcast.sdk.core.MulticastLock
import org.fieldcast.sdk.core.NetworkKind
import org.fieldcast.sdk.core.NetworkMonitor

/**
 * Whether the internet connection is metered, as the system reports it. A Wi-Fi marked as metered counts as metered.
 */
internal class AndroidNetwork(context: Context) : NetworkMonitor {
    private val connectivity = context.getSystemService(ConnectivityManager::class.java)

    override fun kind(): NetworkKind? {
        val capabilities = connectivity?.run { getNetworkCapabilities(activeNetwork) } ?: return null
        if (!capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)) return null
        val isFree = capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_METERED) ||
            // Available from Android 11. Older versions do not know this capability and return false.
            capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_TEMPORARILY_NOT_METERED)
        return if (isFree) NetworkKind.UNMETERED else NetworkKind.METERED
    }
}

/** The lock that enables multicast. It is reference-counted. */
internal class AndroidMulticast(context: Context) : MulticastLock {
    private val lock = context.getSystemService(WifiManager::class.java)
        ?.createMulticastLock("fieldcast")?.apply { setReferenceCounted(true) }

    override fun acquire() = typed { lock?.acquire() ?: Unit }

    override fun release() = typed { lock?.release() ?: Unit }
}
