package org.fieldcast.sdk

import java.io.File
import java.lang.ref.WeakReference
import java.net.ServerSocket
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.EventListener
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.SendState
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.fieldcast.sdk.core.Fieldcast as Core

class LifetimeTest {
    @Test
    fun `drops the call of a cancelled coroutine`() = test {
        val phone = phone("kt-drops")
        withContext(Dispatchers.IO) {
            ServerSocket(0, 1, java.net.InetAddress.getLoopbackAddress()).use { silent ->
                val login = launch { phone.login("http://127.0.0.1:${silent.localPort}", "mz", "u", "p") }
                silent.accept().use { connection ->
                    connection.soTimeout = 30_000
                    val input = connection.getInputStream()
                    assertEquals('P'.code, input.read())
                    login.cancel()
                    while (input.read() >= 0) continue // ends when the client disconnects, otherwise the timeout throws
                }
            }
        }
        phone.shutDown()
    }

    @Test
    fun `keeps the download after a cancelled wait`() = test {
        val phone = phone("kt-cancels")
        val project = phone.logIn()
        val downsync = phone.downsync(project, phone.leaves(project))
        coroutineScope {
            val wait = launch(start = CoroutineStart.UNDISPATCHED) { downsync.await() }
            wait.cancel()
        }
        assertTrue(downsync.await().failed.isEmpty())
        val again = phone.downsync(project, phone.leaves(project))
        again.cancel()
        try {
            again.await()
        } catch (_: FieldcastException.Over) {
            // Expected.
        }
        again.close()
        downsync.close()
        downsync.close()
        phone.shutDown()
    }

    @Test
    fun `rejects calls and frees the folder after shutdown`() = test {
        val folder = folder("kt-shut")
        val phone = phone(folder)
        val name = phone.device()
        val receiving = phone.receive(onLoopback())
        assertThrows(FieldcastException.InUse::class.java) {
            kotlinx.coroutines.runBlocking { phone(folder) }
        }
        phone.shutDown()
        assertThrows(FieldcastException.ShutDown::class.java) { phone.device() }
        expect<FieldcastException.ShutDown> { phone.projects() }
        receiving.stop()
        receiving.stop()
        expect<FieldcastException.Over> { receiving.dial("127.0.0.1:1") }
        assertEquals(null, receiving.address)
        phone.shutDown()
        val again = phone(folder)
        assertEquals(name, again.device())
        again.shutDown()
    }

    @Test
    fun `transfers despite blocking or failing listeners`() = test {
        val blocks = object : EventListener {
            override fun onEvent(event: Event) = Thread.sleep(Long.MAX_VALUE)
        }
        val throws = object : EventListener {
            override fun onEvent(event: Event) = error("as ever")
        }
        for ((name, listener) in listOf("kt-blocks" to blocks, "kt-throws" to throws)) {
            val distributor = phone("$name-d")
            val datasets = distributor.download(1)
            val folder = folder("$name-r")
            val receiver = Core.open(OpenSettings(folder.path, "$name-r"), PlatformPorts(), listener)
            val receiving = receiver.startReceive(onLoopback(acceptAll = true))
            distributor.offering(datasets, onLoopback(acceptAll = true)) { offering ->
                val who = receiver.device().fingerprint
                offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who } }
                offering.sendTo(who)
                offering.receivers.firstOf { all ->
                    all.find { it.peer.fingerprint == who && it.state is SendState.Asking }
                }
                var question = receiving.openQuestion()
                while (question == null) {
                    kotlinx.coroutines.delay(5)
                    question = receiving.openQuestion()
                }
                receiving.answer(question.id, Answer.ONCE)
                offering.receivers.firstOf { all ->
                    all.find { it.peer.fingerprint == who }?.state as? SendState.Saved
                }
            }
            receiver.shutDown()
            distributor.shutDown()
        }
    }

    @Test
    fun `leaks nothing in a thousand cycles`() = kotlinx.coroutines.runBlocking {
        val folder = folder("kt-thousand")
        val hardware = Hardware()
        val left = mutableListOf<WeakReference<Any>>()
        suspend fun cycles(count: Int) = repeat(count) { at ->
            val lock = FakeLock()
            val phone = phone(folder, hardware.ports.copy(multicast = lock))
            phone.datasets()
            if (at % 20 == 0) phone.receiving(onLoopback()) {}
            left += WeakReference(lock)
            left += WeakReference(phone.events)
            phone.shutDown()
        }
        cycles(100) // one-time allocations happen now
        val taken = mutableListOf(Footprint.now())
        repeat(4) {
            cycles(250)
            taken += Footprint.now()
        }
        val (before, after) = taken.first() to taken.last()
        val growth = taken.zipWithNext { one, next -> next.residentKb - one.residentKb }
        println("1,000 open/close cycles: before $before, after $after, resident KiB each 250: $growth")
        assertTrue(after.threads <= before.threads + 2, "threads: $before, $after")
        assertTrue(after.files <= before.files + 4, "files: $before, $after")
        // The VM's compiler takes some megabytes once, at any time. A leak grows in every round.
        assertTrue(growth.sorted()[1] <= 1024, "memory, KiB each 250 cycles: $growth")
        assertTrue(after.heapKb <= before.heapKb + 2 * 1024, "heap: $before, $after")
        val alive = left.count { it.get() != null }
        assertTrue(alive <= 4, "$alive ports and listeners are not released")
    }
}

/** The resources of the process, as Linux and the JVM report them. */
data class Footprint(val threads: Int, val files: Int, val residentKb: Long, val heapKb: Long) {
    companion object {
        fun now(): Footprint {
            repeat(2) {
                System.gc()
                Thread.sleep(200) // ended threads and objects with cleaners take a moment to disappear
            }
            fun status(key: String) = File("/proc/self/status").readLines()
                .first { it.startsWith("$key:") }.filter { it.isDigit() }.toLong()
            val files = File("/proc/self/fd").list().orEmpty().size
            val heap = Runtime.getRuntime().run { totalMemory() - freeMemory() } / 1024
            return Footprint(status("Threads").toInt(), files, status("VmRSS"), heap)
        }
    }
}
