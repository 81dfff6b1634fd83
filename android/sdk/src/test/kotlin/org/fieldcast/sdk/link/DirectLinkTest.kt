package org.fieldcast.sdk.link

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class DirectLinkTest {
    private val group = WifiGroup("DIRECT-fc-one", "passphrase")
    private val last = Remembered()

    private fun link(test: suspend TestScope.(FakeRadio, DirectLink) -> Unit) = runTest {
        val radio = FakeRadio { currentTime / 1000 }
        test(radio, DirectLink(radio, last))
    }

    @Test
    fun `a group is made in any band, joined by name, and left`() = link { radio, link ->
        assertEquals("10.0.0.1", link.makeGroup(group))
        assertEquals(listOf("0 quiet", "0 make ANY"), radio.asked)
        assertEquals("10.0.0.1", link.makeGroup(group), "it is there already")
        assertEquals(group.name, last.name)
        link.leaveGroup()
        assertEquals(listOf("1 leave", "1 release"), radio.asked.drop(2))
        assertNull(last.name)
        assertEquals("10.0.0.2", link.joinGroup(group))
        link.leaveGroup()
        link.leaveGroup()
    }

    @Test
    fun `busy is waited out, longer each time, with a new channel before the third attempt`() = link { radio, link ->
        radio.refusals += List(4) { Refusal.BUSY }
        link.makeGroup(group)
        assertEquals(
            listOf("0 quiet", "0 make ANY", "1 make ANY", "3 release", "3 make ANY", "7 make ANY", "15 make ANY"),
            radio.asked,
        )
    }

    @Test
    fun `busy for ever says what to do and leaves nothing behind`() = link { radio, link ->
        radio.refusals += List(6) { Refusal.BUSY }
        val error = fails<PortException.Unavailable> { link.makeGroup(group) }
        assertTrue("hotspot" in error.reason, error.reason)
        assertEquals(23, currentTime / 1000)
        assertEquals("23 release", radio.asked.last())
        assertEquals("10.0.0.1", link.makeGroup(group), "the next attempt is free")
    }

    @Test
    fun `a band that cannot be had gives way to the one everybody has`() = link { radio, link ->
        radio.refusals += listOf(Refusal.FAILED)
        link.makeGroup(group)
        assertEquals(listOf("0 make ANY", "1 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `a group that was accepted and does not come is ended and made again`() = link { radio, link ->
        radio.appearsAfter = 100
        val making = async { link.makeGroup(group) }
        advanceTimeBy(15_500)
        radio.appearsAfter = 2
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("0 make ANY", "15 leave", "16 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `a group whose address is not there yet is waited for`() = link { radio, link ->
        radio.appearsAfter = null
        val joining = async { link.joinGroup(group) }
        advanceTimeBy(2_500)
        radio.group = RadioGroup(group.name, false, null)
        advanceTimeBy(2_000)
        assertTrue(joining.isActive)
        radio.group = RadioGroup(group.name, false, "10.0.0.9")
        assertEquals("10.0.0.9", joining.await())
        assertEquals(1, radio.asked.count { "join" in it })
    }

    @Test
    fun `a group out of reach is tried five times two seconds apart`() = link { radio, link ->
        radio.appearsAfter = null
        val error = fails<PortException.Unavailable> { link.joinGroup(group) }
        assertTrue("closer" in error.reason, error.reason)
        val joins = radio.asked.filter { "join" in it }.map { it.substringBefore(' ').toInt() }
        assertEquals(listOf(0, 17, 34, 51, 68), joins)
        assertEquals(83, currentTime / 1000)
        assertTrue(radio.asked.count { "cancel" in it } >= 5)
    }

    @Test
    fun `our own group of an earlier process is ended, a foreign one is not`() = link { radio, link ->
        last.name = "DIRECT-fc-old"
        radio.group = RadioGroup("DIRECT-fc-old", true, "10.0.0.1")
        link.makeGroup(group)
        assertEquals(listOf("0 leave", "0 quiet", "0 make ANY"), radio.asked)
        link.leaveGroup()
        radio.group = RadioGroup("DIRECT-tv", false, "10.0.0.5")
        radio.asked.clear()
        fails<PortException.Unavailable> { link.makeGroup(group) }
        link.leaveGroup()
        assertTrue(radio.asked.none { "leave" in it } && radio.group != null)
    }

    @Test
    fun `a start cleans up after a crash, but asks for nothing`() = link { radio, link ->
        last.name = "DIRECT-fc-old"
        radio.group = RadioGroup("DIRECT-fc-old", true, "10.0.0.1")
        radio.obstacle = PortException.Denied("NEARBY_WIFI_DEVICES is not granted")
        link.cleanUp()
        assertTrue(radio.asked.isEmpty())
        radio.obstacle = null
        link.cleanUp()
        assertNull(radio.group)
    }

    @Test
    fun `a permission or a switch that is missing is told at once, and before anything is tried`() = link { radio, link ->
        radio.obstacle = PortException.Denied("NEARBY_WIFI_DEVICES is not granted")
        fails<PortException.Denied> { link.makeGroup(group) }
        assertTrue(radio.asked.isEmpty())
        radio.obstacle = null
        radio.appearsAfter = null
        val joining = launch { fails<PortException.Unavailable> { link.joinGroup(group) } }
        advanceTimeBy(10_000)
        radio.obstacle = PortException.Unavailable("Wi-Fi is off: turn it on")
        joining.join()
        assertEquals(15, currentTime / 1000, "no further attempt without Wi-Fi")
    }

    @Test
    fun `a phone without Wi-Fi Direct is not asked twice`() = link { radio, link ->
        radio.refusals += Refusal.UNSUPPORTED
        fails<PortException.Unavailable> { link.makeGroup(group) }
        assertEquals(1, radio.asked.count { "make" in it })
    }

    @Test
    fun `a cancelled attempt ends what it began`() = link { radio, link ->
        radio.appearsAfter = 8
        val making = launch { link.makeGroup(group) }
        advanceTimeBy(3_500)
        making.cancel()
        making.join()
        assertEquals(listOf("3 leave", "3 release"), radio.asked.drop(2))
        assertEquals("10.0.0.1", link.makeGroup(group))
    }

    @Test
    fun `a system that never answers is asked again`() = link { radio, link ->
        radio.isSilent = true
        val making = async { link.makeGroup(group) }
        advanceTimeBy(5_500)
        radio.isSilent = false
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("0 make ANY", "6 make LOW"), radio.asked.filter { "make" in it })
    }

    @Test
    fun `a group that does not end is told, and is not forgotten`() = link { radio, link ->
        link.makeGroup(group)
        radio.leaveWorks = false
        fails<PortException.Failed> { link.leaveGroup() }
        assertEquals(group.name, last.name)
        radio.leaveWorks = true
        link.leaveGroup()
        assertNull(radio.group)
    }

    private suspend inline fun <reified E : PortException> fails(call: suspend () -> Unit): E {
        try {
            call()
        } catch (error: PortException) {
            return error as? E ?: throw error
        }
        error("no ${E::class.simpleName}")
    }
}
