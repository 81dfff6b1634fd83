package org.fieldcast.sdk

import java.security.GeneralSecurityException
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.fieldcast.sdk.core.KeyStore
import org.fieldcast.sdk.core.PortException

/** A key that the system uses but does not reveal. */
internal interface StoredKey {
    /** The existing key; none if it was not made yet. */
    fun found(): SecretKey?

    /** The existing key, or a new one. */
    fun made(): SecretKey
}

/**
 * Wraps the device key with AES-GCM. Only wrapping makes a new key: a new key cannot unwrap old data, and would stay
 * permanently.
 */
internal class KeyWrap(private val stored: StoredKey) : KeyStore {
    override fun wrapKey(key: ByteArray): ByteArray = typed {
        val cipher = cipher { init(Cipher.ENCRYPT_MODE, stored.made()) } // the key store chooses the nonce
        check(cipher.iv.size == NONCE)
        cipher.iv + cipher.doFinal(key)
    }

    override fun unwrapKey(wrapped: ByteArray): ByteArray = typed {
        if (wrapped.size < NONCE + TAG) throw PortException.Failed("the device key is incomplete: make a new identity")
        val parameters = GCMParameterSpec(TAG * 8, wrapped, 0, NONCE)
        val key = stored.found() ?: throw PortException.Failed("the phone lost its device key: make a new identity")
        cipher { init(Cipher.DECRYPT_MODE, key, parameters) }.doFinal(wrapped, NONCE, wrapped.size - NONCE)
    }

    private fun cipher(begin: Cipher.() -> Unit): Cipher =
        Cipher.getInstance("AES/GCM/NoPadding").apply { begin(); updateAAD(PURPOSE) }

    private fun <T> typed(work: () -> T): T = try {
        work()
    } catch (error: GeneralSecurityException) {
        throw failed(error)
    } catch (error: ProviderException) {
        throw failed(error) // Android's key store throws this if its service fails
    }

    // The message may be null and only describes the cipher. The class distinguishes a lost key from a key that is
    // unavailable now.
    private fun failed(error: Exception) = PortException.Failed("the phone's key store: ${error.javaClass.simpleName}")

    private companion object {
        const val NONCE = 12
        const val TAG = 16
        val PURPOSE = "fieldcast device key 1".toByteArray()
    }
}
