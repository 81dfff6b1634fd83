package org.fieldcast.sdk.android

import org.fieldcast.sdk.core.PortException

/** A call to the system, whose errors come as the port's. */
internal inline fun <T> typed(call: () -> T): T = try {
    call()
} catch (error: SecurityException) {
    throw PortException.Denied(error.message ?: "a permission is missing")
} catch (error: RuntimeException) {
    if (error is kotlinx.coroutines.CancellationException) throw error
    // The system's services throw whatever went wrong in their process.
    throw PortException.Failed("${error.javaClass.simpleName}: ${error.message}")
}
