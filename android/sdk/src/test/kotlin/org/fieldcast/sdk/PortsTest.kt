package org.fieldcast.sdk

import java.io.File
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.JoinedGroup
import org.fieldcast.sdk.core.NetworkKind
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.core.parseInvite
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class PortsTest {
    @Test
    fun `unwraps the device key only with the key store`() = test {
        val (folder, hardware) = folder("kt-keys") to Hardware()
        val phone = phone(folder, hardware.ports)
        val device = phone.device()
        phone.shutDown()
        val key = hardware.keys.seen.single()
        assertTrue(key.size >= 32)
        folder.walk().filter(File::isFile).forEach { assertFalse(it.holds(key), "$it contains the key") }
        hardware.keys.locked = true
        val locked = expect<FieldcastException.KeyFailed> { phone(folder, hardware.ports) }
        assertTrue("the phone is locked" in locked.advice, locked.advice)
        expect<FieldcastException.KeyFailed> { phone(folder, Hardware().ports) }
        expect<FieldcastException.KeyFailed> { phone(folder) }
        hardware.keys.locked = false
        val again = phone(folder, hardware.ports)
        assertEquals(device, again.device())
        again.shutDown()
    }

    @Test
    fun `uses mobile data if allowed or unknown`() = test {
        val hardware = Hardware()
        val phone = phone(folder("kt-metered"), hardware.ports)
        val project = phone.logIn()
        val boundary = phone.leaves(project).take(1)
        hardware.network.answer = { NetworkKind.METERED }
        expect<FieldcastException.Metered> { phone.downsync(project, boundary) }
        assertTrue(phone.datasets().isEmpty())
        assertEquals(1, phone.downsync(project, boundary, allowMetered = true).use { it.await() }.done.size)
        val others = listOf<() -> NetworkKind?>({ NetworkKind.UNMETERED }, { null }, { error("no such service") })
        for (answer in others) {
            hardware.network.answer = answer
            phone.downsync(project, boundary).use { it.await() }
        }
        phone.shutDown()
    }

    @Test
    fun `holds the multicast lock only while sessions run`() = test {
        val hardware = Hardware()
        val held = hardware.multicast.held
        val phone = phone(folder("kt-multicast"), hardware.ports)
        assertEquals(0, held.get())
        phone.receiving(onLoopback()) {
            assertEquals(1, held.get())
            phone.receiving(onLoopback()) { assertEquals(2, held.get()) }
            assertEquals(1, held.get())
        }
        assertEquals(0, held.get())
        expect<FieldcastException.NoNetwork> { phone.receive(ExchangeOptions(network = "no-such")) }
        assertEquals(0, held.get(), "a session that failed to start holds no lock")
        hardware.multicast.allowed = false
        phone.receiving(onLoopback()) { assertEquals(0, held.get()) }
        hardware.multicast.allowed = true
        phone.receive(onLoopback())
        assertEquals(1, held.get())
        phone.shutDown()
        assertEquals(0, held.get(), "the shutdown releases it too")
    }

    @Test
    fun `makes a group and joins it by invite`() = test {
        val (there, here) = Hardware() to Hardware()
        val distributor = phone(folder("kt-group-d"), there.ports)
        val receiver = phone(folder("kt-group-r"), here.ports)
        val datasets = distributor.download(1)
        val made = distributor.makeGroup(null)
        assertTrue(made.group.name.startsWith("DIRECT-"), made.group.name)
        val network = onLoopback().copy(network = made.`interface`.addr)
        distributor.offering(datasets, network) { offering ->
            val uri = offering.invite(made.group, System.currentTimeMillis() + 600_000)
            val group = checkNotNull(parseInvite(uri, System.currentTimeMillis()).group)
            val joined = receiver.joinGroup(group)
            assertEquals(there.link.groups, here.link.groups)
            receiver.receiving(onLoopback().copy(network = joined.`interface`.addr)) { receiving ->
                receiving.dialInvite(uri)
                val who = receiver.device().fingerprint
                offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who } }
                offering.sendTo(who)
                receiving.answer(receiving.status.firstOf { it.question }, Answer.ONCE)
                receiving.status.firstOf { it.saved.firstOrNull() }
            }
        }
        for (phone in listOf(distributor, receiver)) {
            phone.leaveGroup()
            phone.shutDown()
        }
        assertTrue(there.link.groups.isEmpty() && here.link.groups.isEmpty())
    }

    @Test
    fun `leaves the group after success, error or cancel`() = test {
        val hardware = Hardware()
        val phone = phone(folder("kt-hosts"), hardware.ports)
        coroutineScope {
            val entered = CompletableDeferred<JoinedGroup>()
            val hosting = launch {
                phone.hosting {
                    entered.complete(it)
                    awaitCancellation()
                }
            }
            assertEquals(listOf(entered.await().group), hardware.link.groups)
            hosting.cancelAndJoin()
        }
        assertTrue(hardware.link.groups.isEmpty())
        val group = WifiGroup("DIRECT-fc-1", "correct horse")
        expect<FieldcastException.LoginNeeded> {
            phone.joined(group) {
                assertEquals(listOf(group), hardware.link.groups)
                phone.projects()
            }
        }
        assertTrue(hardware.link.groups.isEmpty())
        assertEquals(group, phone.joined(group) { it.group })
        assertTrue(hardware.link.groups.isEmpty())
        phone.shutDown()
    }

    @Test
    fun `maps link errors and allows another try`() = test {
        val link = Hardware()
        val phone = phone(folder("kt-link"), link.ports)
        link.link.fails = PortException.Denied("NEARBY_WIFI_DEVICES")
        val denied = expect<FieldcastException.PermissionNeeded> { phone.makeGroup(null) }
        assertTrue("NEARBY_WIFI_DEVICES" in denied.advice, denied.advice)
        link.link.fails = PortException.Unavailable("Wi-Fi is off")
        expect<FieldcastException.NoNetwork> { phone.makeGroup(null) }
        link.link.fails = PortException.Failed("supplicant")
        expect<FieldcastException.Internal> { phone.makeGroup(null) }
        link.link.fails = IllegalStateException("not foreseen")
        val strange = expect<FieldcastException.Internal> { phone.makeGroup(null) }
        assertFalse('\n' in strange.advice, "no stack trace: ${strange.advice}")
        link.link.fails = null
        phone.makeGroup(null)
        phone.shutDown()
        val without = phone("kt-no-link")
        expect<FieldcastException.NoNetwork> { without.makeGroup(null) }
        without.shutDown()
    }

    @Test
    fun `cancels making a group with its wait`() = test {
        val link = Hardware().apply { link.hangs = true }
        val phone = phone(folder("kt-link-cancel"), link.ports)
        coroutineScope {
            val making = launch { phone.makeGroup(null) }
            link.link.entered.await()
            making.cancel()
            link.link.cancelled.await()
        }
        phone.shutDown()
    }

    private fun File.holds(key: ByteArray): Boolean {
        val bytes = readBytes()
        return (0..bytes.size - key.size).any { at -> key.indices.all { bytes[at + it] == key[it] } }
    }
}
