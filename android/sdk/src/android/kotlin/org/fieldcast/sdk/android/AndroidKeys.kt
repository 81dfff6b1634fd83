package org.fieldcast.sdk.android

import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import java.security.KeyStore
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import org.fieldcast.sdk.StoredKey

private const val PROVIDER = "AndroidKeyStore"
private const val ALIAS = "fieldcast-device-key"

/**
 * The key in the phone's key store. It needs no unlocked screen, so a transfer continues while the screen is locked.
 * Uninstalling the app deletes the key, and with it everything that it wraps.
 */
internal object AndroidKey : StoredKey {
    override fun found(): SecretKey? =
        KeyStore.getInstance(PROVIDER).apply { load(null) }.getKey(ALIAS, null) as SecretKey?

    @Synchronized
    override fun made(): SecretKey = found() ?: newKey()
}

private fun newKey(): SecretKey {
    val spec = KeyGenParameterSpec.Builder(ALIAS, KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT)
        .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
        .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        .setKeySize(256)
        .build()
    return KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER).apply { init(spec) }.generateKey()
}
