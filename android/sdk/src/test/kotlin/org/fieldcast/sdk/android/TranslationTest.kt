package org.fieldcast.sdk.android

import android.content.pm.ServiceInfo
import android.net.wifi.p2p.WifiP2pConfig
import android.net.wifi.p2p.WifiP2pGroup
import android.net.wifi.p2p.WifiP2pInfo
import android.net.wifi.p2p.WifiP2pManager
import java.net.InetAddress
import org.fieldcast.sdk.Permissions
import org.fieldcast.sdk.core.Interface
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.RemoteService
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.link.Band
import org.fieldcast.sdk.link.RadioGroup
import org.fieldcast.sdk.link.Refusal
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Uses Android's own classes, as far as they run without Android. */
class TranslationTest {
    private val group = WifiGroup("DIRECT-fc-one", "passphrase")

    @Test
    fun `requests a temporary group by name and passphrase`() {
        val config = config(group, Band.LOW)
        assertEquals(group.name to group.passphrase, config.networkName to config.passphrase)
        assertEquals(WifiP2pConfig.GROUP_OWNER_BAND_2GHZ, config.groupOwnerBand)
        assertEquals(WifiP2pConfig.GROUP_OWNER_BAND_AUTO, config(group).groupOwnerBand)
        assertEquals(WifiP2pGroup.NETWORK_ID_TEMPORARY, config.networkId)
        for (wrong in listOf(group.copy(name = "office"), group.copy(passphrase = "short"))) {
            assertThrows(PortException.Unavailable::class.java) { config(wrong) }
        }
    }

    @Test
    fun `finds this phone's address in any group network`() {
        val owner = WifiP2pInfo().apply {
            groupFormed = true
            groupOwnerAddress = InetAddress.getByName("192.168.7.1")
        }
        val ours = p2p(isOwner = true)
        assertEquals(RadioGroup(group.name, true, "192.168.7.1"), radioGroup(ours, owner))
        val asked = mutableListOf<String>()
        val joined = radioGroup(p2p(isOwner = false), owner) { asked += it; "192.168.7.23" }
        assertEquals(RadioGroup(group.name, false, "192.168.7.23"), joined)
        assertEquals(listOf("p2p-wlan0-0"), asked)
        assertEquals(RadioGroup(group.name, true, null), radioGroup(ours, WifiP2pInfo()), "no address yet")
        assertNull(radioGroup(null, null))
        assertNull(radioGroup(p2p(isOwner = false), owner)!!.address, "the interface does not exist here")
    }

    @Test
    fun `does not take a hidden group for none`() {
        val formed = WifiP2pInfo().apply { groupFormed = true }
        assertThrows(PortException.Unavailable::class.java) { radioGroup(null, formed) }
        assertThrows(PortException.Unavailable::class.java) { radioGroup(WifiP2pGroup(), formed) }
        assertNull(radioGroup(null, WifiP2pInfo()))
    }

    @Test
    fun `sees the group in the background where that needs the location`() {
        val connected = ServiceInfo.FOREGROUND_SERVICE_TYPE_CONNECTED_DEVICE
        val both = connected or ServiceInfo.FOREGROUND_SERVICE_TYPE_LOCATION
        assertEquals(listOf(both, both, connected, connected), listOf(29, 32, 33, 35).map(::serviceTypes))
    }

    @Test
    fun `announces and finds a service with all fields`() {
        val network = Interface("wlan0", "192.168.1.2", 24u, false, null)
        val ours = LocalService("_fieldcast._tcp", "fc-us", mapOf("v" to "1", "n" to "Asha é"), 7000u, network)
        val info = info(ours)
        assertEquals(listOf("fc-us", "_fieldcast._tcp", 7000), listOf(info.serviceName, info.serviceType, info.port))
        val hosts = listOf("192.168.1.3", "fe80::1%3").map(InetAddress::getByName)
        info.host = hosts[0]
        val before14 = RemoteService("fc-us", ours.txt, listOf("192.168.1.3"), 7000u)
        assertEquals(before14, remote(info, level = 33))
        info.hostAddresses = hosts
        assertEquals(before14.copy(addresses = listOf("192.168.1.3", "fe80:0:0:0:0:0:0:1")), remote(info, level = 34))
    }

    @Test
    fun `distinguishes refusals`() {
        val codes = listOf(WifiP2pManager.BUSY, WifiP2pManager.ERROR, WifiP2pManager.P2P_UNSUPPORTED, 99)
        assertEquals(listOf(Refusal.BUSY, Refusal.FAILED, Refusal.UNSUPPORTED, Refusal.FAILED), codes.map(::refusal))
    }

    @Test
    fun `converts system exceptions to port errors`() {
        assertThrows(PortException.Denied::class.java) { typed { throw SecurityException("no") } }
        assertThrows(PortException.Failed::class.java) { typed { throw IllegalStateException("dead") } }
        assertThrows(PortException.Denied::class.java) { wifi { throw SecurityException("no") } }
        assertThrows(PortException.Unavailable::class.java) { wifi { throw IllegalStateException("dead") } }
    }

    @Test
    fun `requests permissions that each Android version knows`() {
        assertTrue("android.permission.ACCESS_FINE_LOCATION" in Permissions.forNearby(29))
        assertEquals(listOf("android.permission.NEARBY_WIFI_DEVICES"), Permissions.forNearby(33))
        assertTrue("android.permission.ACCESS_LOCAL_NETWORK" in Permissions.forNearby(37))
        assertTrue(Permissions.needsLocationOn(32) && !Permissions.needsLocationOn(33))
        assertFalse(Permissions.forNotification(33).isEmpty())
        assertTrue(Permissions.forNotification(32).isEmpty())
    }

    private fun p2p(isOwner: Boolean) = WifiP2pGroup().apply {
        networkName = group.name
        setIsGroupOwner(isOwner)
        `interface` = "p2p-wlan0-0"
    }
}
