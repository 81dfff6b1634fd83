package org.fieldcast.sdk

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.fieldcast.sdk.core.FieldcastException

/** An action that runs once. Later callers wait until it has finished. */
internal class Once {
    private val turn = Mutex()
    private var isOver = false

    suspend fun run(end: suspend () -> Unit) = turn.withLock {
        if (!isOver) {
            end()
            isOver = true
        }
    }
}

/** Calls a session. If the session was released, throws the error of a session that has ended. */
internal inline fun <T> asked(call: () -> T): T = try {
    call()
} catch (gone: IllegalStateException) {
    if (gone is CancellationException) throw gone
    throw FieldcastException.Over("this was cancelled or has ended: start it again")
}

/** Reads the state of a session, or returns [otherwise] if the session ended in the meantime. */
internal inline fun <T> ifOpen(otherwise: T, look: () -> T): T = try {
    asked(look)
} catch (_: FieldcastException.Over) {
    otherwise
}
