package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/** Runs one exchange at a time: sending and receiving would end each other's Wi-Fi group. */
class ExchangeSlot(private val scope: CoroutineScope) {
    private val turn = Mutex()
    private var current: Exchange? = null

    private class Exchange(val owner: Any, val job: Job, val onEnd: () -> Unit)

    /**
     * Ends the current exchange, and runs [work] as soon as that has left its network. Calls [onStart] at once, and
     * [onEnd] when this exchange is stopped or replaced.
     */
    @Synchronized
    fun start(owner: Any, onStart: () -> Unit, onEnd: () -> Unit, work: suspend CoroutineScope.() -> Unit) {
        end()
        onStart()
        // A cancelled exchange keeps the lock until it has told the other phones and left its group.
        current = Exchange(owner, scope.launch { turn.withLock { work() } }, onEnd)
    }

    /** Ends the current exchange if it is [owner]'s. Calls [before] first. */
    @Synchronized
    fun stop(owner: Any, before: () -> Unit = {}) {
        before()
        if (current?.owner === owner) end()
    }

    /** Changes what screens see, unless the exchange [of] was stopped or replaced meanwhile. */
    @Synchronized
    fun publish(of: CoroutineScope, change: () -> Unit) {
        if (of.isActive) change()
    }

    private fun end() {
        val ended = current ?: return
        current = null
        ended.job.cancel()
        ended.onEnd()
    }
}
