package org.fieldcast.app

import org.fieldcast.app.support.Command
import org.fieldcast.app.support.Command.Companion.field
import org.fieldcast.app.support.Phones
import org.fieldcast.app.support.downloadedByCommand
import org.fieldcast.app.support.newFolder
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The app and a process of `fieldcast` exchange village data, also if the process is killed in the middle. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-mdpi", application = android.app.Application::class)
class CommandJourneyTest {
    @get:Rule val phones = Phones()

    @Test
    fun `sends to a process that is killed and starts again`() {
        val asha = phones.add("Asha")
        asha.hasDownloaded(4)
        asha.taps("Send data")
        asha.sees("Phones nearby")
        val (folder, relay) = newFolder() to asha.relay
        fun receive() = Command(
            folder, "receive", "--yes", "--once", "--no-mdns", "--interface", "127.0.0.1", "--name", "Laptop",
            "--from", relay.address,
        )
        receive().use { first ->
            asha.taps("Laptop")
            relay.hold(after = 12_000)
            asha.taps("Send")
            asha.taps("Codes match")
            first.event("receive_state")
            asha.waitUntil("the data stops") { relay.isHolding }
        }
        asha.sees("The connection was lost. Connecting again.")
        relay.release()
        receive().use { second ->
            second.event("saved")
            asha.sees("1 of 1 phone up to date")
            second.finish()
        }
        assertEquals(asha.digests.values.toSet(), digests(folder))
    }

    @Test
    fun `receives from a process that is killed and starts again`() {
        val folder = downloadedByCommand()
        val fatou = phones.add("Fatou")
        fatou.taps("Receive data")
        fatou.sees("This phone is visible")
        val relay = fatou.relay
        fun send() = Command(
            folder, "send", "--unverified", "--no-mdns", "--interface", "127.0.0.1",
            "--at", relay.address, "--to", fatou.fingerprint,
        )
        send().use {
            fatou.code()
            relay.hold(after = 12_000)
            fatou.taps("Receive data")
            fatou.sees("Receiving")
            fatou.waitUntil("the data stops") { relay.isHolding }
        }
        relay.release()
        fatou.sees("The connection was lost")
        send().use { second ->
            fatou.sees("120 households of 4 villages saved")
            second.event("send_summary")
            second.finish()
        }
        assertEquals(fatou.digests.values.toSet(), digests(folder))
    }

    private fun digests(folder: java.io.File) =
        Command.results(folder, "dataset", "status").map { it.field("digest") }.toSet()
}
