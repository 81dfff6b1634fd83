package org.fieldcast.sdk

import java.util.concurrent.atomic.AtomicInteger
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.spec.GCMParameterSpec
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import org.fieldcast.sdk.core.GroupChanges
import org.fieldcast.sdk.core.KeyStore
import org.fieldcast.sdk.core.MulticastLock
import org.fieldcast.sdk.core.NetworkKind
import org.fieldcast.sdk.core.NetworkMonitor
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.core.WifiLink

/** The phone's services without a phone. */
class Hardware {
    val keys = FakeKeyStore()
    val network = FakeNetwork()
    val multicast = FakeLock()
    val link = FakeLink()
    val ports = PlatformPorts(keys, network, multicast, link = link)
}

/** Wraps like Android's key store. The key never leaves it. */
class FakeKeyStore : KeyStore {
    private val key = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
    @Volatile var locked = false
    /** The keys that were wrapped. */
    val seen = mutableListOf<ByteArray>()

    override fun wrapKey(key: ByteArray): ByteArray {
        seen += key
        val cipher = Cipher.getInstance("AES/GCM/NoPadding").apply { init(Cipher.ENCRYPT_MODE, this@FakeKeyStore.key) }
        return cipher.iv + cipher.doFinal(key)
    }

    override fun unwrapKey(wrapped: ByteArray): ByteArray {
        if (locked) throw PortException.Denied("the phone is locked")
        val cipher = Cipher.getInstance("AES/GCM/NoPadding")
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(128, wrapped, 0, 12))
        return cipher.doFinal(wrapped, 12, wrapped.size - 12)
    }
}

class FakeNetwork : NetworkMonitor {
    @Volatile var answer: () -> NetworkKind? = { null }
    override fun kind(): NetworkKind? = answer()
}

class FakeLock : MulticastLock {
    val held = AtomicInteger()
    @Volatile var allowed = true

    override fun acquire() {
        if (!allowed) throw PortException.Denied("no multicast")
        held.incrementAndGet()
    }

    override fun release() {
        held.decrementAndGet()
    }
}

/** A group on this machine's loopback interface. Throws [fails] if set; never returns if [hangs]. */
class FakeLink : WifiLink {
    val groups = mutableListOf<WifiGroup>()
    @Volatile var fails: Exception? = null
    @Volatile var hangs = false
    val entered = CompletableDeferred<Unit>()
    val cancelled = CompletableDeferred<Unit>()

    override suspend fun makeGroup(group: WifiGroup, changes: GroupChanges): String = enter(group)

    override suspend fun joinGroup(group: WifiGroup, changes: GroupChanges): String = enter(group)

    override suspend fun leaveGroup() = groups.clear()

    private suspend fun enter(group: WifiGroup): String {
        fails?.let { throw it }
        entered.complete(Unit)
        if (hangs) {
            try {
                awaitCancellation()
            } finally {
                cancelled.complete(Unit)
            }
        }
        groups += group
        return "127.0.0.1"
    }
}
