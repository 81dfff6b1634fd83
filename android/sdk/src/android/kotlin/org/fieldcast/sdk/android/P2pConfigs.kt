package org.fieldcast.sdk.android

import android.net.wifi.p2p.WifiP2pConfig
import android.net.wifi.p2p.WifiP2pGroup
import android.net.wifi.p2p.WifiP2pInfo
import android.net.wifi.p2p.WifiP2pManager
import java.net.Inet4Address
import java.net.NetworkInterface
import java.net.SocketException
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.link.Band
import org.fieldcast.sdk.link.RadioGroup
import org.fieldcast.sdk.link.Refusal

/** The request for Android. With name and passphrase, the other phone shows no question. Needs Android 10. */
internal fun config(group: WifiGroup, band: Band = Band.ANY): WifiP2pConfig = try {
    WifiP2pConfig.Builder()
        .setNetworkName(group.name)
        .setPassphrase(group.passphrase)
        .setGroupOperatingBand(
            when (band) {
                Band.ANY -> WifiP2pConfig.GROUP_OWNER_BAND_AUTO
                Band.LOW -> WifiP2pConfig.GROUP_OWNER_BAND_2GHZ
            },
        )
        .build()
} catch (_: IllegalArgumentException) {
    // An invite can name any Wi-Fi, but apps can join groups only.
    throw PortException.Unavailable("this is no Wi-Fi Direct group: connect both phones to the same Wi-Fi")
}

/** Why a request was not accepted. */
internal fun refusal(code: Int): Refusal = when (code) {
    WifiP2pManager.BUSY -> Refusal.BUSY
    WifiP2pManager.P2P_UNSUPPORTED -> Refusal.UNSUPPORTED
    else -> Refusal.FAILED
}

/**
 * The group with this phone's address in it. The address cannot be guessed, because each group has a different network.
 * Throws [PortException.Unavailable] if there is a group that the system hides, as up to Android 12 it does from an app
 * without access to the location.
 */
internal fun radioGroup(
    group: WifiP2pGroup?,
    info: WifiP2pInfo?,
    addressOf: (networkInterface: String) -> String? = ::addressOf,
): RadioGroup? {
    val isUp = info?.groupFormed == true
    val name = group?.networkName
    if (name == null && isUp) throw PortException.Unavailable("the Wi-Fi group is hidden: open the app and try again")
    if (group == null || name == null) return null
    val address = when {
        !isUp -> null
        group.isGroupOwner -> info.groupOwnerAddress?.hostAddress
        else -> group.`interface`?.let(addressOf)
    }
    return RadioGroup(name, group.isGroupOwner, address)
}

private fun addressOf(networkInterface: String): String? = try {
    NetworkInterface.getByName(networkInterface)
        ?.inetAddresses?.asSequence()?.firstOrNull { it is Inet4Address }?.hostAddress
} catch (_: SocketException) {
    null // the interface disappeared between the two calls
}
