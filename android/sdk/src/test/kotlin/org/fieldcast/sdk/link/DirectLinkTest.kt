package org.fieldcast.sdk.link

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
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
    private val told = Told()

    private fun link(test: suspend TestScope.(FakeRadio, DirectLink) -> Unit) = runTest {
        val radio = FakeRadio { currentTime / 1000 }
        test(radio, DirectLink(radio, last, backgroundScope))
    }

    @Test
    fun `a group is made in any band, joined by name, and left`() = link { radio, link ->
        assertEquals("10.0.0.1", link.makeGroup(group, told))
        assertEquals(listOf("0 quiet", "0 make ANY"), radio.asked)
        assertEquals("10.0.0.1", link.makeGroup(group, told), "it is there already")
        assertEquals(group.name, last.name)
        link.leaveGroup()
        assertEquals(listOf("1 leave", "1 release"), radio.asked.drop(2))
        assertNull(last.name)
        assertEquals("10.0.0.2", link.joinGroup(group, told))
        link.leaveGroup()
        link.leaveGroup()
    }

    @Test
    fun `no answer is not no group`() = link { radio, link ->
        link.makeGroup(group, told)
        radio.isDeaf = true
        fails<PortException.Failed> { link.leaveGroup() }
        assertEquals(group.name, last.name, "it is ours still, and may be there")
        radio.isDeaf = false
        link.leaveGroup()
        assertNull(radio.group)
        link.makeGroup(group, told)
        radio.isDeaf = true
        runCurrent()
        radio.changes.emit(Unit)
        advanceTimeBy(6000)
        assertEquals(emptyList<String>(), told.news.filter { it == "lost" }, "nor is it lost")
        radio.isDeaf = false
        radio.group = null
        radio.changes.emit(Unit)
        runCurrent()
        assertTrue("lost" in told.news, "it is followed still")
    }

    @Test
    fun `busy is waited out, longer each time, with a new channel before the third attempt`() = link { radio, link ->
        radio.refusals += List(4) { Refusal.BUSY }
        link.makeGroup(group, told)
        assertEquals(
            listOf("0 quiet", "0 make ANY", "1 make ANY", "3 release", "3 make ANY", "7 make ANY", "15 make ANY"),
            radio.asked,
        )
    }

    @Test
    fun `busy for ever says what to do and leaves nothing behind`() = link { radio, link ->
        radio.refusals += List(6) { Refusal.BUSY }
        val error = fails<PortException.Unavailable> { link.makeGroup(group, told) }
        assertTrue("hotspot" in error.reason, error.reason)
        assertEquals(23, currentTime / 1000)
        assertEquals("23 release", radio.asked.last())
        assertEquals("10.0.0.1", link.makeGroup(group, told), "the next attempt is free")
    }

    @Test
    fun `a band that cannot be had gives way to the one everybody has`() = link { radio, link ->
        radio.refusals += listOf(Refusal.FAILED)
        link.makeGroup(group, told)
        assertEquals(listOf("0 make ANY", "1 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `a group that was accepted and does not come is ended and made again`() = link { radio, link ->
        radio.appearsAfter = 100
        val making = async { link.makeGroup(group, told) }
        advanceTimeBy(15_500)
        radio.appearsAfter = 2
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("0 make ANY", "15 leave", "16 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `a group whose address is not there yet is waited for`() = link { radio, link ->
        radio.appearsAfter = null
        val joining = async { link.joinGroup(group, told) }
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
        val error = fails<PortException.Unavailable> { link.joinGroup(group, told) }
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
        link.makeGroup(group, told)
        assertEquals(listOf("0 leave", "0 quiet", "0 make ANY"), radio.asked)
        link.leaveGroup()
        radio.group = RadioGroup("DIRECT-tv", false, "10.0.0.5")
        radio.asked.clear()
        fails<PortException.Unavailable> { link.makeGroup(group, told) }
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
        fails<PortException.Denied> { link.makeGroup(group, told) }
        assertTrue(radio.asked.isEmpty())
        radio.obstacle = null
        radio.appearsAfter = null
        val joining = launch { fails<PortException.Unavailable> { link.joinGroup(group, told) } }
        advanceTimeBy(10_000)
        radio.obstacle = PortException.Unavailable("Wi-Fi is off: turn it on")
        joining.join()
        assertEquals(15, currentTime / 1000, "no further attempt without Wi-Fi")
    }

    @Test
    fun `a phone without Wi-Fi Direct is not asked twice`() = link { radio, link ->
        radio.refusals += Refusal.UNSUPPORTED
        fails<PortException.Unavailable> { link.makeGroup(group, told) }
        assertEquals(1, radio.asked.count { "make" in it })
    }

    @Test
    fun `a cancelled attempt ends what it began`() = link { radio, link ->
        radio.appearsAfter = 8
        val making = launch { link.makeGroup(group, told) }
        advanceTimeBy(3_500)
        making.cancel()
        making.join()
        assertEquals(listOf("3 leave", "3 release"), radio.asked.drop(2))
        assertEquals("10.0.0.1", link.makeGroup(group, told))
    }

    @Test
    fun `a system that never answers is asked again`() = link { radio, link ->
        radio.isSilent = true
        val making = async { link.makeGroup(group, told) }
        advanceTimeBy(5_500)
        radio.isSilent = false
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("0 make ANY", "6 make LOW"), radio.asked.filter { "make" in it })
    }

    @Test
    fun `a group that does not end is told, and is not forgotten`() = link { radio, link ->
        link.makeGroup(group, told)
        radio.leaveWorks = false
        fails<PortException.Failed> { link.leaveGroup() }
        assertEquals(group.name, last.name)
        radio.leaveWorks = true
        link.leaveGroup()
        assertNull(radio.group)
    }

    @Test
    fun `a group that is lost is told and entered again, until it is left`() = link { radio, link ->
        link.joinGroup(group, told)
        runCurrent()
        radio.changes.emit(Unit)
        advanceTimeBy(1_000)
        assertEquals(emptyList<String>(), told.news, "nothing has changed")
        radio.group = null
        radio.changes.emit(Unit)
        advanceTimeBy(30_000)
        assertEquals(listOf("lost", "10.0.0.2"), told.news)
        radio.group = null
        radio.obstacle = PortException.Unavailable("Wi-Fi is off: turn it on")
        radio.changes.emit(Unit)
        advanceTimeBy(60_000)
        assertEquals(listOf("lost"), told.news.drop(2))
        radio.obstacle = null
        radio.changes.emit(Unit)
        advanceTimeBy(60_000)
        assertEquals(listOf("10.0.0.2"), told.news.drop(3))
        link.leaveGroup()
        assertEquals(listOf("no more"), told.news.drop(4))
        assertEquals(0, radio.changes.subscriptionCount.value)
    }

    @Test
    fun `a group that comes back by itself is left alone`() = link { radio, link ->
        link.makeGroup(group, told)
        runCurrent()
        val there = radio.group
        radio.group = there?.copy(address = null)
        radio.changes.emit(Unit)
        advanceTimeBy(3_500)
        radio.group = there?.copy(address = "10.0.9.1")
        advanceTimeBy(3_500)
        assertEquals(listOf("lost", "10.0.9.1"), told.news)
        assertEquals(1, radio.asked.count { "make" in it })
        assertTrue(radio.asked.none { "leave" in it })
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
