package org.fieldcast.sdk

import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.EventListener
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PeerDiscovery
import org.fieldcast.sdk.core.PeerDiscoverySink
import org.fieldcast.sdk.core.PlatformPorts
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.BeforeEach
import org.junit.jupiter.api.Test
import org.fieldcast.sdk.core.Fieldcast as Core

/** If the VM itself loads the library, the library's threads are attached to the VM from their start to their end. */
class ThreadsTest {
    /** The calling threads, one after another. */
    private class Callers {
        private val calls = LinkedBlockingQueue<Thread>()

        fun note() {
            calls += Thread.currentThread()
        }

        fun next(): Thread = checkNotNull(calls.poll(60, TimeUnit.SECONDS)) { "no call came" }
    }

    @BeforeEach
    fun load() = System.load(File(System.getenv("FIELDCAST_LIBRARY"), System.mapLibraryName("fieldcast_ffi")).path)

    private fun ours() = Thread.getAllStackTraces().keys.filter { it.name.startsWith("fieldcast") }

    @Test
    fun `calls back from one named thread each and ends all threads`() = test {
        val before = ours().toSet()
        val (events, orders) = Callers() to Callers()
        val listener = object : EventListener {
            override fun onEvent(event: Event) = events.note()
        }
        val discovery = object : PeerDiscovery {
            override fun start(search: ULong, service: LocalService, sightings: PeerDiscoverySink) = orders.note()

            override fun stop(search: ULong) = orders.note()
        }
        val settings = OpenSettings(folder("kt-threads").path, "kt-threads", workers = 3u)
        val core = Core.open(settings, PlatformPorts(discovery = discovery), listener)
        val options = ExchangeOptions(network = "127.0.0.1", mdns = false, reserve = 0u)
        val callers = List(20) {
            core.startReceive(options).use { receiving ->
                val begun = orders.next()
                receiving.stop()
                Triple(begun, orders.next(), events.next())
            }
        }
        val (searching, _, listening) = callers.first()
        // The same thread object each time: JNA by itself creates one for each call.
        assertTrue(callers.all { it.first === searching && it.second === searching && it.third === listening }) { "$callers" }
        assertEquals("fieldcast-events" to "fieldcast-peers", listening.name to searching.name)
        assertTrue(listening.isDaemon && searching.isDaemon) { "other threads would keep the VM from ending" }

        val working = ours().filter { it.name == "fieldcast" && it !in before }
        assertTrue(working.size >= 3 && working.all { it.isDaemon }) { "$working" }

        core.shutDown()
        core.close()
        (working + listening + searching).forEach { thread ->
            thread.join(15_000)
            assertTrue(!thread.isAlive) { "$thread" }
        }
    }
}
