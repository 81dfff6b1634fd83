package org.fieldcast.sdk.discovery

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.test.TestScope
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.Interface
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.NoHandle
import org.fieldcast.sdk.core.PeerDiscoverySink
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.RemoteService
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class NsdDiscoveryTest {
    private val sink = RecordingSink()

    private fun discovery(test: suspend TestScope.(FakeNsd, NsdDiscovery) -> Unit) = runTest {
        val nsd = FakeNsd { currentTime / 1000 }
        test(nsd, NsdDiscovery(nsd, backgroundScope))
    }

    @Test
    fun `reports services and stops everything`() = discovery { nsd, phone ->
        phone.start(1u, service, sink)
        nsd.see("one", "two")
        runCurrent()
        assertEquals(setOf("fc-us"), nsd.announced)
        nsd.lose("one")
        runCurrent()
        assertEquals(listOf("found one", "found two", "lost one"), sink.reports)
        phone.stop(1u)
        phone.stop(1u)
        runCurrent()
        assertEquals(emptySet<String>(), nsd.announced)
        assertEquals(listOf("lost two", "no more"), sink.reports.drop(3))
        assertEquals(0, nsd.searching)
    }

    @Test
    fun `resolves one service at a time and skips silent ones`() =
        discovery { nsd, phone ->
            nsd.answers = { name -> if (name == "mute") awaitCancellation() else delay(1000) }
            phone.start(1u, service, sink)
            phone.start(2u, service, sink)
            nsd.see("mute", "one")
            runCurrent()
            advanceTimeBy(60_000)
            assertEquals(1, nsd.mostAtOnce)
            assertEquals(listOf("found one", "found one"), sink.reports)
        }

    @Test
    fun `retries an unresolved service until it disappears`() = discovery { nsd, phone ->
        nsd.unknown["slow"] = 2
        nsd.unknown["gone"] = 99
        phone.start(1u, service, sink)
        nsd.see("slow", "gone")
        advanceTimeBy(3000)
        assertEquals(listOf("found slow"), sink.reports)
        nsd.lose("gone")
        runCurrent()
        val asked = nsd.asked.size
        advanceTimeBy(60_000)
        assertEquals(asked, nsd.asked.size, "a service that has disappeared is not resolved")
    }

    @Test
    fun `retries announcement and search separately`() = discovery { nsd, phone ->
        nsd.refusesToAnnounce = true
        phone.start(1u, service, sink)
        nsd.see("one")
        runCurrent()
        assertEquals(listOf("found one"), sink.reports, "found although the announcement failed")
        nsd.refusesToAnnounce = false
        advanceTimeBy(6000)
        assertEquals(setOf("fc-us"), nsd.announced)
        nsd.failSearch()
        runCurrent()
        assertEquals(listOf("found one", "lost one"), sink.reports, "its disappearance is not reported by the system")
        nsd.see("one")
        advanceTimeBy(6000)
        assertTrue(sink.reports.last() == "found one", sink.reports.toString())
    }

    private val service = LocalService(
        kind = "_fieldcast._tcp",
        name = "fc-us",
        txt = mapOf("v" to "1"),
        port = 7000u,
        `interface` = Interface("wlan0", "192.168.1.2", 24u, false, null),
    )
}

/** Simulates Android's service discovery. Each search also returns the services that were seen before. */
private class FakeNsd(private val now: () -> Long) : Nsd {
    val announced = mutableSetOf<String>()
    val asked = mutableListOf<String>()
    val unknown = mutableMapOf<String, Int>()
    var answers: suspend (String) -> Unit = {}
    var refusesToAnnounce = false
    var searching = 0
    var mostAtOnce = 0
    private var atOnce = 0
    private val earlier = mutableListOf<DiscoveryEvent>()
    private val open = mutableListOf<Channel<DiscoveryEvent>>()

    fun see(vararg names: String) = names.forEach { emitToAll(DiscoveryEvent.Found(it)) }

    fun lose(name: String) = emitToAll(DiscoveryEvent.Lost(name))

    fun failSearch() {
        earlier.clear()
        open.toList().forEach { it.close(PortException.Unavailable("the service crashed")) }
    }

    override suspend fun announce(service: LocalService): Nothing {
        if (refusesToAnnounce) throw PortException.Unavailable("no")
        announced += service.name
        try {
            awaitCancellation()
        } finally {
            announced -= service.name
        }
    }

    override fun search(kind: String): Flow<DiscoveryEvent> = flow {
        val channel = Channel<DiscoveryEvent>(Channel.UNLIMITED).also { open += it }
        earlier.forEach { channel.trySend(it) }
        searching++
        try {
            for (event in channel) emit(event)
        } finally {
            open -= channel
            searching--
        }
    }

    override suspend fun resolve(kind: String, name: String): RemoteService? {
        asked += "${now()} $name"
        mostAtOnce = maxOf(mostAtOnce, ++atOnce)
        try {
            answers(name)
        } finally {
            atOnce--
        }
        val left = unknown[name] ?: 0
        unknown[name] = left - 1
        return RemoteService(name, emptyMap(), listOf("192.168.1.3"), 7001u).takeIf { left <= 0 }
    }

    private fun emitToAll(event: DiscoveryEvent) {
        earlier += event
        open.forEach { it.trySend(event) }
    }
}

private class RecordingSink : PeerDiscoverySink(NoHandle) {
    val reports = mutableListOf<String>()

    override fun found(service: RemoteService) {
        reports += "found ${service.name}"
    }

    override fun lost(name: String) {
        reports += "lost $name"
    }

    override fun close() {
        reports += "no more"
    }
}
