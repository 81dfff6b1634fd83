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
    private val last = InMemoryLastGroup()
    private val changes = RecordingChanges()

    private fun link(test: suspend TestScope.(FakeRadio, DirectLink) -> Unit) = runTest {
        val radio = FakeRadio { currentTime / 1000 }
        test(radio, DirectLink(radio, last, backgroundScope))
    }

    @Test
    fun `makes, joins and leaves a group`() = link { radio, link ->
        assertEquals("10.0.0.1", link.makeGroup(group, changes))
        assertEquals(listOf("0 quiet", "0 make ANY"), radio.asked)
        assertEquals("10.0.0.1", link.makeGroup(group, changes), "the group exists already")
        assertEquals(group.name, last.name)
        link.leaveGroup()
        assertEquals(listOf("1 leave", "1 release"), radio.asked.drop(2))
        assertNull(last.name)
        assertEquals("10.0.0.2", link.joinGroup(group, changes))
        link.leaveGroup()
        link.leaveGroup()
    }

    @Test
    fun `treats no answer as unknown group`() = link { radio, link ->
        link.makeGroup(group, changes)
        radio.isDeaf = true
        fails<PortException.Unavailable> { link.leaveGroup() }
        assertEquals(group.name, last.name, "the group is still ours and may exist")
        radio.isDeaf = false
        link.leaveGroup()
        assertNull(radio.group)
        link.makeGroup(group, changes)
        radio.isDeaf = true
        runCurrent()
        radio.changes.emit(Unit)
        advanceTimeBy(6000)
        assertEquals(emptyList<String>(), changes.reports.filter { it == "lost" }, "the group is not lost either")
        radio.isDeaf = false
        radio.group = null
        radio.changes.emit(Unit)
        runCurrent()
        assertTrue("lost" in changes.reports, "the group is still watched")
    }

    @Test
    fun `keeps a hidden group as its own`() = link { radio, link ->
        link.makeGroup(group, changes)
        runCurrent()
        radio.isHidden = true
        radio.changes.emit(Unit)
        advanceTimeBy(6000)
        assertEquals(emptyList<String>(), changes.reports.filter { it == "lost" })
        fails<PortException.Unavailable> { link.leaveGroup() }
        assertEquals(group.name, last.name)
        radio.isHidden = false
        assertEquals("10.0.0.1", link.makeGroup(WifiGroup("DIRECT-fc-two", "passphrase"), changes))
        assertEquals(listOf("leave", "quiet", "make ANY"), radio.asked.takeLast(3).map { it.substringAfter(' ') })
    }

    @Test
    fun `waits longer after each busy answer`() = link { radio, link ->
        radio.refusals += List(4) { Refusal.BUSY }
        link.makeGroup(group, changes)
        assertEquals(
            listOf("0 quiet", "0 make ANY", "1 make ANY", "3 release", "3 make ANY", "7 make ANY", "15 make ANY"),
            radio.asked,
        )
    }

    @Test
    fun `gives advice after permanent busy and cleans up`() = link { radio, link ->
        radio.refusals += List(6) { Refusal.BUSY }
        val error = fails<PortException.Unavailable> { link.makeGroup(group, changes) }
        assertTrue("hotspot" in error.reason, error.reason)
        assertEquals(23, currentTime / 1000)
        assertEquals("23 release", radio.asked.last())
        assertEquals("10.0.0.1", link.makeGroup(group, changes), "the next attempt succeeds")
    }

    @Test
    fun `falls back to the band that every phone has`() = link { radio, link ->
        radio.refusals += listOf(Refusal.FAILED)
        link.makeGroup(group, changes)
        assertEquals(listOf("0 make ANY", "1 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `makes an accepted group again if it does not appear`() = link { radio, link ->
        radio.appearsAfter = 100
        val making = async { link.makeGroup(group, changes) }
        advanceTimeBy(15_500)
        radio.appearsAfter = 2
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("0 make ANY", "15 leave", "16 make LOW"), radio.asked.drop(1))
    }

    @Test
    fun `waits for the address of a group`() = link { radio, link ->
        radio.appearsAfter = null
        val joining = async { link.joinGroup(group, changes) }
        advanceTimeBy(2_500)
        radio.group = RadioGroup(group.name, false, null)
        advanceTimeBy(2_000)
        assertTrue(joining.isActive)
        radio.group = RadioGroup(group.name, false, "10.0.0.9")
        assertEquals("10.0.0.9", joining.await())
        assertEquals(1, radio.asked.count { "join" in it })
    }

    @Test
    fun `tries an unreachable group five times`() = link { radio, link ->
        radio.appearsAfter = null
        val error = fails<PortException.Unavailable> { link.joinGroup(group, changes) }
        assertTrue("closer" in error.reason, error.reason)
        val joins = radio.asked.filter { "join" in it }.map { it.substringBefore(' ').toInt() }
        assertEquals(listOf(0, 17, 34, 51, 68), joins)
        assertEquals(83, currentTime / 1000)
        assertTrue(radio.asked.count { "cancel" in it } >= 5)
    }

    @Test
    fun `ends its own old group but no foreign group`() = link { radio, link ->
        last.name = "DIRECT-fc-old"
        radio.group = RadioGroup("DIRECT-fc-old", true, "10.0.0.1")
        link.makeGroup(group, changes)
        assertEquals(listOf("0 leave", "0 quiet", "0 make ANY"), radio.asked)
        link.leaveGroup()
        radio.group = RadioGroup("DIRECT-tv", false, "10.0.0.5")
        radio.asked.clear()
        fails<PortException.Unavailable> { link.makeGroup(group, changes) }
        link.leaveGroup()
        assertTrue(radio.asked.none { "leave" in it } && radio.group != null)
    }

    @Test
    fun `cleans up after a crash without permission requests`() = link { radio, link ->
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
    fun `reports a missing permission before any attempt`() = link { radio, link ->
        radio.obstacle = PortException.Denied("NEARBY_WIFI_DEVICES is not granted")
        fails<PortException.Denied> { link.makeGroup(group, changes) }
        assertTrue(radio.asked.isEmpty())
        radio.obstacle = null
        radio.appearsAfter = null
        val joining = launch { fails<PortException.Unavailable> { link.joinGroup(group, changes) } }
        advanceTimeBy(10_000)
        radio.obstacle = PortException.Unavailable("Wi-Fi is off: turn it on")
        joining.join()
        assertEquals(15, currentTime / 1000, "no further attempt without Wi-Fi")
    }

    @Test
    fun `asks only once without Wi-Fi Direct`() = link { radio, link ->
        radio.refusals += Refusal.UNSUPPORTED
        fails<PortException.Unavailable> { link.makeGroup(group, changes) }
        assertEquals(1, radio.asked.count { "make" in it })
    }

    @Test
    fun `cleans up a cancelled attempt`() = link { radio, link ->
        radio.appearsAfter = 8
        val making = launch { link.makeGroup(group, changes) }
        advanceTimeBy(3_500)
        making.cancel()
        making.join()
        assertEquals(listOf("3 leave", "3 release"), radio.asked.drop(2))
        assertEquals("10.0.0.1", link.makeGroup(group, changes))
    }

    @Test
    fun `gives advice if the system answers no question`() = link { radio, link ->
        radio.isDeaf = true
        for (enter in listOf(link::makeGroup, link::joinGroup)) {
            val error = fails<PortException.Unavailable> { enter(group, changes) }
            assertTrue("off and on" in error.reason, error.reason)
        }
        assertEquals(10, currentTime / 1000)
        fails<PortException.Unavailable> { last.name = group.name; link.cleanUp() }
        assertTrue(radio.asked.isEmpty())
    }

    @Test
    fun `asks again if the system never answers`() = link { radio, link ->
        radio.isSilent = true
        val making = async { link.makeGroup(group, changes) }
        advanceTimeBy(10_500)
        radio.isSilent = false
        assertEquals("10.0.0.1", making.await())
        assertEquals(listOf("5 make ANY", "11 make LOW"), radio.asked.filter { "make" in it })
    }

    @Test
    fun `reports and remembers a group that does not end`() = link { radio, link ->
        link.makeGroup(group, changes)
        radio.leaveWorks = false
        fails<PortException.Unavailable> { link.leaveGroup() }
        assertEquals(group.name, last.name)
        radio.leaveWorks = true
        link.leaveGroup()
        assertNull(radio.group)
    }

    @Test
    fun `reports and enters a lost group again until left`() = link { radio, link ->
        link.joinGroup(group, changes)
        runCurrent()
        radio.changes.emit(Unit)
        advanceTimeBy(1_000)
        assertEquals(emptyList<String>(), changes.reports, "no change happened")
        radio.group = null
        radio.changes.emit(Unit)
        advanceTimeBy(30_000)
        assertEquals(listOf("lost", "10.0.0.2"), changes.reports)
        radio.group = null
        radio.obstacle = PortException.Unavailable("Wi-Fi is off: turn it on")
        radio.changes.emit(Unit)
        advanceTimeBy(60_000)
        assertEquals(listOf("lost"), changes.reports.drop(2))
        radio.obstacle = null
        radio.changes.emit(Unit)
        advanceTimeBy(60_000)
        assertEquals(listOf("10.0.0.2"), changes.reports.drop(3))
        link.leaveGroup()
        assertEquals(listOf("no more"), changes.reports.drop(4))
        assertEquals(0, radio.changes.subscriptionCount.value)
    }

    @Test
    fun `accepts a group that returns by itself`() = link { radio, link ->
        link.makeGroup(group, changes)
        runCurrent()
        val there = radio.group
        radio.group = there?.copy(address = null)
        radio.changes.emit(Unit)
        advanceTimeBy(3_500)
        radio.group = there?.copy(address = "10.0.9.1")
        advanceTimeBy(3_500)
        assertEquals(listOf("lost", "10.0.9.1"), changes.reports)
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
