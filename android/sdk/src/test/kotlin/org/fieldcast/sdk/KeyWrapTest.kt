package org.fieldcast.sdk

import java.security.InvalidKeyException
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import org.fieldcast.sdk.core.PortException
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class KeyWrapTest {
    private val stored = KeyGenerator.getInstance("AES").apply { init(256) }.generateKey()
    private val wrap = KeyWrap(InMemoryKey(stored))
    private val key = ByteArray(85) { it.toByte() }

    @Test
    fun `unwraps the key and never wraps it twice alike`() {
        val wrapped = wrap.wrapKey(key)
        assertFalse(wrapped.contentEquals(wrap.wrapKey(key)))
        assertArrayEquals(key, wrap.unwrapKey(wrapped))
    }

    @Test
    fun `rejects altered, truncated or foreign wrapped keys`() {
        val wrapped = wrap.wrapKey(key)
        for (at in wrapped.indices) {
            val touched = wrapped.copyOf().also { it[at] = (it[at] + 1).toByte() }
            assertThrows(PortException.Failed::class.java) { wrap.unwrapKey(touched) }
        }
        for (length in listOf(0, 11, 12, 27, wrapped.size - 1)) {
            assertThrows(PortException.Failed::class.java) { wrap.unwrapKey(wrapped.copyOf(length)) }
        }
        val other = KeyGenerator.getInstance("AES").generateKey()
        assertThrows(PortException.Failed::class.java) { KeyWrap(InMemoryKey(other)).unwrapKey(wrapped) }
    }

    @Test
    fun `makes no new key while unwrapping`() {
        val store = InMemoryKey(null)
        assertThrows(PortException.Failed::class.java) { KeyWrap(store).unwrapKey(wrap.wrapKey(key)) }
        assertNull(store.key)
        val wrapped = KeyWrap(store).wrapKey(key)
        assertArrayEquals(key, KeyWrap(store).unwrapKey(wrapped))
    }

    @Test
    fun `reports why the key store refused`() {
        val refuses = KeyWrap(object : StoredKey {
            override fun found() = made()

            override fun made() = throw InvalidKeyException()
        })
        val error = assertThrows(PortException.Failed::class.java) { refuses.wrapKey(key) }
        assertTrue("InvalidKeyException" in error.reason, error.reason)
    }
}

private class InMemoryKey(var key: SecretKey?) : StoredKey {
    override fun found() = key

    override fun made() = key ?: KeyGenerator.getInstance("AES").generateKey().also { key = it }
}
