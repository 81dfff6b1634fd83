package org.fieldcast.sdk.android

import org.fieldcast.sdk.core.PortException

/** Calls the system and converts its exceptions to port errors. */
internal inline fun <T> typed(call: () -> T): T = try {
    call()
} catch (error: SecurityException) {
    throw PortException.Denied(error.message ?: "a permission is missing: grant it in the settings")
} catch (error: RuntimeException) {
    if (error is kotlinx.coroutines.CancellationException) throw error
    // The system's services pass on any exception of their process.
    throw PortException.Failed("${error.javaClass.simpleName}: ${error.message}")
}

/** As [typed], for Wi-Fi Direct: if the system's service fails, the user can start it again. */
internal inline fun <T> wifi(call: () -> T): T = try {
    typed(call)
} catch (error: PortException.Failed) {
    throw PortException.Unavailable("Wi-Fi failed (${error.reason}): turn it off and on again")
}
