package org.fieldcast.app

import android.app.Application
import org.fieldcast.app.support.AppRobot
import org.fieldcast.app.support.Phones
import org.fieldcast.app.support.TestPhone
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.link.RadioGroup
import org.fieldcast.sdk.link.Refusal
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/**
 * The phones connect by Wi-Fi Direct, with the faults of real phones. On one API level, because the radio is simulated;
 * API 26 cannot make groups by name.
 */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w720dp-h640dp-mdpi", application = Application::class)
class GroupJourneyTest {
    @get:Rule val phones = Phones()

    private fun phone(name: String, lastGroup: String? = null) =
        TestPhone(name, hasGroups = true, air = phones.air, lastGroup = lastGroup)

    private fun allow() = shadowOf(phones.rule.activity.application as Application).grantPermissions(*PERMISSIONS)

    private fun sender(lastGroup: String? = null, prepare: TestPhone.() -> Unit = {}): AppRobot {
        val asha = phones.add(phone("Asha", lastGroup).apply(prepare))
        asha.hasDownloaded(1)
        asha.taps("Send data")
        return asha
    }

    private fun AppRobot.made() {
        sees("Phones nearby")
        sees("This phone's own network")
        assertTrue(phone.radio.asked.toString(), phone.radio.asked.any { "make" in it })
    }

    @Test
    fun `asks for the permission, makes the group, and the other phone joins it`() {
        val asha = sender()
        asha.sees("Fieldcast needs permission to connect to phones nearby.")
        assertEquals(emptyList<String>(), asha.phone.radio.asked)
        allow()
        asha.taps("Allow")
        asha.made()
        val zuri = phones.add(phone("Zuri"))
        zuri.taps("Receive data")
        zuri.scans(asha.invite())
        zuri.sees("Connected")
        assertTrue(zuri.phone.radio.asked.toString(), zuri.phone.radio.asked.any { "join" in it })
        asha.taps("Zuri")
        asha.taps("Send")
        zuri.taps("Receive data")
        zuri.sees("saved")
        assertEquals(asha.digests, zuri.digests)
        zuri.taps("Go to home screen")
        asha.taps("Go to home screen")
        asha.waitUntil("both have left") { listOf(asha, zuri).all { it.phone.radio.group == null } }
    }

    @Test
    fun `takes few taps from the home screen to saved`() {
        allow()
        val asha = phones.add(phone("Asha"))
        asha.hasDownloaded(1)
        asha.taps("Send data")
        asha.made()
        asha.taps("Show code")
        val zuri = phones.add(phone("Zuri"))
        zuri.taps("Receive data")
        zuri.scans(asha.invite())
        asha.sees("Send to 1 phone?")
        asha.taps("Send")
        zuri.taps("Receive data")
        zuri.sees("saved")
        asha.sees("1 of 1 phone up to date")
        assertEquals("taps of the distributor", 3, asha.taps)
        assertEquals("taps of the receiver, whose camera needs none", 3, zuri.taps - 1)
    }

    @Test
    fun `uses the same Wi-Fi without the permission`() {
        val asha = sender()
        asha.taps("Use the same Wi-Fi")
        asha.sees("Phones nearby")
        assertEquals(emptyList<String>(), asha.phone.radio.asked)
    }

    @Test
    fun `waits while Wi-Fi is busy`() {
        allow()
        val asha = sender { radio.refusals += listOf(Refusal.BUSY, Refusal.BUSY, null) }
        asha.made()
        assertEquals(3, asha.phone.radio.asked.count { "make" in it })
    }

    @Test
    fun `says what to do while Wi-Fi stays busy, then makes the group`() {
        allow()
        val asha = sender { repeat(6) { radio.refusals += Refusal.BUSY } }
        asha.sees("This phone could not make its own network.")
        asha.sees("turn off hotspot and screen casting")
        asha.taps("Try again")
        asha.made()
    }

    @Test
    fun `replaces the group of an earlier process`() {
        allow()
        val stale = "DIRECT-fc-stale"
        val asha = sender(stale) { radio.group = RadioGroup(stale, true, "127.0.0.1") }
        asha.made()
        val asked = asha.phone.radio.asked
        assertTrue("$asked", asked.indexOfFirst { "leave" in it } in 0..<asked.indexOfFirst { "make" in it })
    }

    @Test
    fun `leaves the group of another app alone`() {
        allow()
        val other = RadioGroup("DIRECT-tv", true, "127.0.0.1")
        val asha = sender { radio.group = other }
        asha.sees("This phone could not make its own network.")
        assertEquals(other, asha.phone.radio.group)
        asha.taps("Use the same Wi-Fi")
        asha.sees("Phones nearby")
    }

    @Test
    fun `asks again when the permission was taken away`() {
        allow()
        val asha = sender { radio.obstacle = PortException.Denied("not allowed") }
        asha.sees("Grant the permission and try again.")
        asha.phone.radio.obstacle = null
        asha.taps("Try again")
        asha.made()
    }

    @Test
    fun `gives up when the system never answers, and goes on when it does`() {
        allow()
        val asha = sender { radio.isSilent = true }
        asha.sees("Making the network.")
        asha.sees("This phone could not make its own network.")
        asha.phone.radio.isSilent = false
        asha.taps("Try again")
        asha.made()
    }

    @Test
    fun `says what to do when Wi-Fi answers no question, to the sender and the receiver`() {
        allow()
        val asha = sender { radio.isDeaf = true }
        asha.sees("This phone could not make its own network. Turn Wi-Fi off and on again")
        asha.phone.radio.isDeaf = false
        asha.taps("Try again")
        asha.made()
        val zuri = phones.add(phone("Zuri").apply { radio.isDeaf = true })
        zuri.taps("Receive data")
        zuri.scans(asha.invite())
        zuri.sees("This phone could not join the network of the other phone. Turn Wi-Fi off and on again")
        zuri.phone.radio.isDeaf = false
        zuri.taps("Try again")
        zuri.sees("Connected")
    }

    @Test
    @Config(sdk = [26]) // Android 12 and earlier need another permission
    fun `asks for the location on old versions`() {
        val asha = sender()
        asha.sees("Fieldcast does not use your location.")
        allow()
        asha.taps("Allow")
        asha.made()
    }

    @Test
    @Config(sdk = [26]) // Android 10 is the first that joins a group by name
    fun `says at once that an old phone cannot join, and asks for no permission`() {
        allow()
        val asha = sender()
        asha.made()
        val invite = asha.invite()
        shadowOf(phones.rule.activity.application as Application).denyPermissions(*PERMISSIONS)
        val zuri = phones.add("Zuri")
        zuri.taps("Receive data")
        zuri.scans(invite)
        zuri.sees("This phone is too old to join the network of the other phone.")
        zuri.sees("This phone is visible")
        asha.taps("Use the same Wi-Fi")
        asha.taps("Zuri")
        asha.taps("Send")
        zuri.taps("Receive data")
        asha.taps("Codes match")
        zuri.sees("saved")
        zuri.seesNoMore("This phone is too old")
    }

    private companion object {
        val PERMISSIONS = arrayOf(
            "android.permission.NEARBY_WIFI_DEVICES",
            "android.permission.ACCESS_COARSE_LOCATION",
            "android.permission.ACCESS_FINE_LOCATION",
        )
    }
}
