package org.fieldcast.app.support

import java.io.File
import java.nio.file.Files
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.map
import org.fieldcast.app.FieldApp
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.NetworkKind
import org.fieldcast.sdk.core.NetworkMonitor
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.link.DirectLink
import org.fieldcast.sdk.link.FakeRadio
import org.fieldcast.sdk.link.InMemoryLastGroup

/** The sandbox that `cargo xtask app android --test` has started. */
val sandbox: String = checkNotNull(System.getenv("FIELDCAST_SANDBOX")) { "run this with `cargo xtask app android --test`" }

/** A new folder for a phone's data. */
fun newFolder(): File = Files.createTempDirectory("fieldcast-app").toFile()

/** A phone with the real engine that reaches only this machine. */
class TestPhone(
    private val name: String,
    val folder: File = newFolder(),
    override val hasGroups: Boolean = false,
    /** Bytes of storage that received data must leave free; more than the disk has means a full disk. */
    reserve: ULong = 0u,
    mayOpen: Boolean = true,
) : Phone {
    private val background = CoroutineScope(SupervisorJob() + Dispatchers.Default)

    /** Simulates Wi-Fi Direct. */
    internal val radio = FakeRadio({ System.nanoTime() / 1_000_000_000 }, "127.0.0.1", "127.0.0.1")

    /** Whether the phone has internet, and of which kind. */
    val network = MutableStateFlow<NetworkKind?>(NetworkKind.UNMETERED)

    /** Opening the engine waits for it. */
    val mayOpen = CompletableDeferred<Unit>().apply { if (mayOpen) complete(Unit) }

    override suspend fun open(newIdentity: Boolean, deviceName: String?): Fieldcast {
        mayOpen.await()
        val monitor = object : NetworkMonitor {
            override fun kind(): NetworkKind? = network.value
        }
        val link = DirectLink(radio, InMemoryLastGroup(), background)
        val settings = OpenSettings(folder.path, deviceName ?: name, allowHttp = true, newIdentity = newIdentity)
        return Fieldcast.open(settings, PlatformPorts(network = monitor, link = link))
    }

    override val exchange = ExchangeOptions(network = "127.0.0.1", reserve = reserve)

    override fun internet(): Flow<Unit> = network.filter { it != null }.map { }
}

/** The app on a [TestPhone]. Robolectric creates it, so the phone is set before. */
class TestApp : FieldApp() {
    override fun phone(): Phone = next

    companion object {
        @Volatile var next: TestPhone = TestPhone("Asha")
    }
}
