package org.fieldcast.app.support

import android.content.ComponentName
import android.content.Context
import android.content.ContextWrapper
import android.content.Intent
import java.io.File
import java.nio.file.Files
import java.util.concurrent.ScheduledThreadPoolExecutor
import java.util.concurrent.TimeUnit
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.withContext
import org.fieldcast.app.FieldApp
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.GroupChanges
import org.fieldcast.sdk.core.NetworkKind
import org.fieldcast.sdk.core.NetworkMonitor
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.core.WifiLink
import org.fieldcast.sdk.link.DirectLink
import org.fieldcast.sdk.link.FakeRadio
import org.fieldcast.sdk.link.InMemoryLastGroup

/** The sandbox that `cargo xtask app android --test` has started. */
val sandbox: String = checkNotNull(System.getenv("FIELDCAST_SANDBOX")) { "run this with `cargo xtask app android --test`" }

/** A new folder for a phone's data. */
fun newFolder(): File = Files.createTempDirectory("fieldcast-app").toFile()

/** A phone with the real engine that reaches only this machine. */
class TestPhone(
    val name: String,
    /** The app's files. */
    val folder: File = newFolder(),
    override val hasGroups: Boolean = false,
    /** Bytes of storage that received data must leave free; more than the disk has means a full disk. */
    reserve: ULong = 0u,
    mayOpen: Boolean = true,
    /** The phones that can see this one; none for mDNS, which shows it to all of this machine. */
    air: Air? = null,
    /** The port to listen on; 0 for any. */
    port: Int = 0,
    /** The Wi-Fi Direct group that an earlier process has made, by name. */
    lastGroup: String? = null,
) : Phone {
    /** This phone in the air. */
    val antenna: Air.Antenna? = air?.antenna()

    /** Simulates Wi-Fi Direct. A second of the system's is a tenth of one. */
    internal val radio = FakeRadio("127.0.0.1", "127.0.0.1") { System.nanoTime() * HURRY / 1_000_000_000 }
    private val link = DirectLink(radio, InMemoryLastGroup(lastGroup), CoroutineScope(SupervisorJob() + hurried))

    /** Whether the phone has internet, and of which kind. */
    val network = MutableStateFlow<NetworkKind?>(NetworkKind.UNMETERED)

    /** Opening the engine waits for it. */
    val mayOpen = CompletableDeferred<Unit>().apply { if (mayOpen) complete(Unit) }

    override suspend fun open(newIdentity: Boolean, deviceName: String?): Fieldcast {
        mayOpen.await()
        val monitor = object : NetworkMonitor {
            override fun kind(): NetworkKind? = network.value
        }
        val data = File(folder, "fieldcast").path
        val settings = OpenSettings(data, deviceName ?: name, allowHttp = true, newIdentity = newIdentity)
        return Fieldcast.open(settings, PlatformPorts(network = monitor, link = HurriedLink(link), discovery = antenna))
    }

    override val exchange = ExchangeOptions("127.0.0.1", mdns = air == null, port = port.toUShort(), reserve = reserve)

    override fun internet(): Flow<NetworkKind?> = network

    private companion object {
        const val HURRY = 10

        /** Waits only a tenth of the time: the system's Wi-Fi takes seconds for everything. */
        val hurried = object : ScheduledThreadPoolExecutor(1, { Thread(it).apply { isDaemon = true } }) {
            override fun schedule(command: Runnable, delay: Long, unit: TimeUnit) =
                super.schedule(command, unit.toNanos(delay) / HURRY, TimeUnit.NANOSECONDS)
        }.asCoroutineDispatcher()
    }

    private class HurriedLink(private val link: WifiLink) : WifiLink {
        override suspend fun makeGroup(group: WifiGroup, changes: GroupChanges) =
            withContext(hurried) { link.makeGroup(group, changes) }

        override suspend fun joinGroup(group: WifiGroup, changes: GroupChanges) =
            withContext(hurried) { link.joinGroup(group, changes) }

        override suspend fun leaveGroup() = withContext(hurried) { link.leaveGroup() }
    }
}

/** A context whose files are the ones of this phone. */
class PhoneContext(base: Context, private val phone: TestPhone) : ContextWrapper(base) {
    override fun getNoBackupFilesDir(): File = phone.folder
}

/** The app on a [TestPhone]. Robolectric creates it, so the phone is set before. */
class TestApp : FieldApp() {
    override fun phone(): Phone = next

    override fun getNoBackupFilesDir(): File = next.folder

    override fun startForegroundService(service: Intent): ComponentName? =
        if (refusesServices) throw IllegalStateException("not on the screen") else super.startForegroundService(service)

    companion object {
        /** As Android 12 and later while the app is not on the screen. */
        @Volatile var refusesServices = false

        @Volatile var next: TestPhone = TestPhone("Asha")
    }
}
