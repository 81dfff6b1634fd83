package org.fieldcast.sdk

import java.security.GeneralSecurityException
import java.security.ProviderException
import javax.crypto.Cipher
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec
import org.fieldcast.sdk.core.KeyStore
import org.fieldcast.sdk.core.PortException

/** A key that the system hands out but does not show. */
internal interface StoredKey {
    /** The key; none if none was made. */
    fun found(): SecretKey?

    /** The key, made if there is none. */
    fun made(): SecretKey
}

/** Wraps the device key with AES-GCM. Only wrapping makes a key: one in its place would unwrap nothing, and be there for good. */
internal class KeyWrap(private val stored: StoredKey) : KeyStore {
    override fun wrapKey(key: ByteArray): ByteArray = typed {
        val cipher = cipher { init(Cipher.ENCRYPT_MODE, stored.made()) } // the key store chooses the nonce
        check(cipher.iv.size == NONCE)
        cipher.iv + cipher.doFinal(key)
    }

    override fun unwrapKey(wrapped: ByteArray): ByteArray = typed {
        if (wrapped.size < NONCE + TAG) throw PortException.Failed("the wrapped device key is cut off")
        val parameters = GCMParameterSpec(TAG * 8, wrapped, 0, NONCE)
        val key = stored.found() ?: throw PortException.Failed("the phone's key store has lost its key")
        cipher { init(Cipher.DECRYPT_MODE, key, parameters) }.doFinal(wrapped, NONCE, wrapped.size - NONCE)
    }

    private fun cipher(begin: Cipher.() -> Unit): Cipher =
        Cipher.getInstance("AES/GCM/NoPadding").apply { begin(); updateAAD(PURPOSE) }

    private fun <T> typed(work: () -> T): T = try {
        work()
    } catch (error: GeneralSecurityException) {
        throw failed(error)
    } catch (error: ProviderException) {
        throw failed(error) // as Android's own does when its service fails
    }

    // The text may be null, and is about the cipher; the kind tells a lost key from one that is not to be used now.
    private fun failed(error: Exception) = PortException.Failed("the phone's key store: ${error.javaClass.simpleName}")

    private companion object {
        const val NONCE = 12
        const val TAG = 16
        val PURPOSE = "fieldcast device key 1".toByteArray()
    }
}
