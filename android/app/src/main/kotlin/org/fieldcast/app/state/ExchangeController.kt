package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.JoinedGroup

/**
 * What sending and receiving share. An exchange continues while its screen is closed, and ends by itself as soon as no
 * screen shows it and it is not busy.
 *
 * @param Status what screens see
 * @param Result how the last exchange ended
 * @param Session what the engine runs
 */
abstract class ExchangeController<Status, Result, Session : Any>(
    private val engine: EngineOwner,
    private val slot: ExchangeSlot,
    private val scope: CoroutineScope,
    private val off: Status,
    private val isBusy: (Status) -> Boolean,
) {
    private val current = MutableStateFlow(off)
    private val lastResult = MutableStateFlow<Result?>(null)

    /** A new screen may open before the previous one is closed. */
    private val screens = MutableStateFlow(0)

    /** None while nothing runs. */
    @Volatile protected var session: Session? = null
        private set

    val status: StateFlow<Status> = current.asStateFlow()

    /** How the last exchange ended, until its screen was closed. */
    val result: StateFlow<Result?> = lastResult.asStateFlow()

    init {
        scope.launch {
            combine(current, screens) { now, open -> open == 0 && !isBusy(now) }
                .collect { isIdle -> if (isIdle) stop() }
        }
    }

    /** A screen shows the exchange. */
    fun onScreenOpened() = screens.update { it + 1 }

    /** The screen is closed. What ended before was seen. */
    fun onScreenClosed() {
        screens.update { it - 1 }
        if (!isBusy(status.value)) stop()
        lastResult.value = null
    }

    /** Cancels what runs, tells the other phones, and leaves the group. */
    fun stop() = slot.stop(this)

    /** Stops, because the user wants another exchange: the next one does not show how this one ended. */
    fun discard() = slot.stop(this) { lastResult.value = null }

    /**
     * Runs [work] with the engine, after the present exchange has left its network. [prepare] is called at once. An
     * error becomes the status that [failed] returns.
     */
    protected fun begin(
        starting: Status,
        failed: (FieldcastException) -> Status,
        prepare: () -> Unit = {},
        work: suspend CoroutineScope.(Fieldcast) -> Unit,
    ) {
        val onStart = {
            prepare()
            current.value = starting
        }
        slot.start(this, onStart, onEnd = { current.value = off }) {
            try {
                work(engine.fieldcastOrError())
            } catch (error: FieldcastException) {
                slot.publish(this) { current.value = failed(error) }
            }
        }
    }

    /** Keeps the session for [act] while [block] runs. */
    protected suspend fun running(session: Session, block: suspend () -> Unit) {
        this.session = session
        try {
            block()
        } finally {
            this.session = null
        }
    }

    /** Shows a result and a status that depends on it, unless the exchange [of] was stopped or replaced meanwhile. */
    protected fun publish(of: CoroutineScope, result: (before: Result?) -> Result?, status: (Result?) -> Status) =
        slot.publish(of) {
            lastResult.update(result)
            current.value = status(lastResult.value)
        }

    /** Calls the session, if any. What it refuses has ended meanwhile, and the screen says how. */
    protected fun act(action: (Session) -> Unit) {
        scope.launch {
            try {
                session?.let(action)
            } catch (_: FieldcastException) {
                // Too late, as said above.
            }
        }
    }
}

/** The options in a group that was made or joined; in the present network if there is none. */
internal fun ExchangeOptions.within(group: JoinedGroup?): ExchangeOptions =
    if (group == null) this else copy(network = group.`interface`.name)
