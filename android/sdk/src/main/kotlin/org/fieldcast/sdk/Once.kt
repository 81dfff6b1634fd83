package org.fieldcast.sdk

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import org.fieldcast.sdk.core.FieldcastException

/** Something that ends once; whoever ends it again waits until it has. */
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

/** A call to a session; once that was let go of, the error is the one of a session that is over. */
internal inline fun <T> asked(call: () -> T): T = try {
    call()
} catch (gone: IllegalStateException) {
    if (gone is CancellationException) throw gone
    throw FieldcastException.Over("this is over: start anew")
}

/** What a session says of itself, or [otherwise] when it has ended between the event and the look. */
internal inline fun <T> ifOpen(otherwise: T, look: () -> T): T = try {
    asked(look)
} catch (_: FieldcastException.Over) {
    otherwise
}
