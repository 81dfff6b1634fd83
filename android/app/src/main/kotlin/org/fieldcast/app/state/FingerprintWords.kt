package org.fieldcast.app.state

import org.fieldcast.sdk.core.fingerprintWords

/** The words of fingerprints, each computed once. Not for the main thread. */
internal class FingerprintWords {
    private val known = HashMap<String, String>()

    fun of(fingerprint: String): String = known.getOrPut(fingerprint) { fingerprintWords(fingerprint) }
}
