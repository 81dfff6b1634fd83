package org.fieldcast.app

import java.net.ServerSocket
import java.net.URI
import org.fieldcast.app.support.AppProcess
import org.fieldcast.app.support.Command
import org.fieldcast.app.support.Relay
import org.fieldcast.app.support.downloadedByCommand
import org.fieldcast.app.support.newFolder
import org.fieldcast.app.support.sandbox
import org.junit.After
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/**
 * Android, or a vendor's battery saver, kills the app in the middle of a transfer. On one API level, because
 * the start of a process takes long, and the engine and its files are the same on all.
 */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], application = android.app.Application::class)
class KilledAppTest {
    private val folder = newFolder()
    private val running = ArrayDeque<AutoCloseable>()

    private fun <T : AutoCloseable> T.untilTheEnd(): T = also { running.addFirst(it) }

    @After
    fun end() = running.forEach { it.close() }

    @Test
    fun `continues a download by itself`() {
        val server = Relay(URI(sandbox).port).untilTheEnd()
        AppProcess(folder).untilTheEnd().use { app ->
            app.startDownload(server)
            app.sees("0 of 4 villages complete")
            server.awaitHold()
        }
        server.release()
        val app = AppProcess(folder).untilTheEnd()
        app.sees("4 villages")
        app.sees("120 households")
        app.taps("Look up")
        app.sees("On this phone: 120 households")
    }

    private fun AppProcess.startDownload(server: Relay) {
        taps("Download")
        taps("Type the server")
        types("Server", "http://${server.address}")
        types("Tenant", "mz")
        taps("Next")
        types("User name", "distributor")
        types("Password", "fieldcast")
        taps("Log in")
        taps("SMC Nampula 2025, ciclo 1")
        taps("All areas")
        taps("All of Moçambique")
        server.hold(after = 12_000)
        taps("Download 4 villages")
    }

    @Test
    fun `continues an accepted transfer without a question`() {
        val port = ServerSocket(0).use { it.localPort }
        val relay = Relay(port).untilTheEnd()
        val send = AppProcess(folder, port).untilTheEnd().use { app ->
            app.taps("Receive data")
            app.sees("This phone is visible")
            val options = arrayOf("--unverified", "--no-mdns", "--interface", "127.0.0.1", "--at", relay.address)
            val send = Command(downloadedByCommand(), "send", *options).untilTheEnd()
            app.code()
            relay.hold(after = 12_000)
            app.taps("Receive data")
            app.sees("Receiving")
            relay.awaitHold()
            send
        }
        relay.release()
        val app = AppProcess(folder, port).untilTheEnd()
        app.taps("Receive data")
        app.sees("120 households of 4 villages saved")
        send.event("send_summary")
        send.finish()
    }

    private fun Relay.awaitHold() {
        val end = System.nanoTime() + 30_000_000_000
        while (!isHolding) {
            check(System.nanoTime() < end) { "too little data passes" }
            Thread.sleep(10)
        }
    }
}
