package org.fieldcast.sdk

import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.EventListener

/** Passes each event to its job or session, then to all collectors. Never blocks. */
internal class Router : EventListener {
    private val all = MutableSharedFlow<Event>(extraBufferCapacity = 256, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private val watchers = HashMap<ULong, (Event) -> Unit>()

    /** Events of sessions without a watcher yet; kept only while a session starts. */
    private val early = ArrayList<Event>()
    private var starts = 0

    val events: SharedFlow<Event> = all.asSharedFlow()

    override fun onEvent(event: Event) {
        watching(event).forEach { it(event) }
        all.tryEmit(event)
    }

    @Synchronized
    private fun watching(event: Event): List<(Event) -> Unit> {
        val session = event.session ?: return watchers.values.toList()
        val watcher = if (event is Event.Over) watchers.remove(session) else watchers[session]
        if (watcher == null && starts > 0) early += event
        return listOfNotNull(watcher)
    }

    /** Starts a job or session without losing the events before it has a watcher. */
    suspend fun <T> starting(start: suspend () -> T): T {
        synchronized(this) { starts++ }
        try {
            return start()
        } finally {
            synchronized(this) { if (--starts == 0) early.clear() }
        }
    }

    /** Passes the past and future events of a session to [watcher] until the session ends. */
    @Synchronized
    fun watch(session: ULong, watcher: (Event) -> Unit) {
        val missed = early.filter { it.session == session }
        early -= missed.toSet()
        missed.forEach(watcher) // inside the lock, so that new events come after these
        if (missed.none { it is Event.Over }) watchers[session] = watcher
    }
}

/** The job or session of an event; none for [Event.Missed], which concerns all of them. */
val Event.session: ULong?
    get() = when (this) {
        is Event.DownsyncProgress -> job
        is Event.BoundaryDone -> job
        is Event.BoundaryFailed -> job
        is Event.ReceiverFound -> session
        is Event.ReceiverGone -> session
        is Event.SharedKey -> session
        is Event.NetworkLost -> session
        is Event.NetworkAvailable -> session
        is Event.DistributorFound -> session
        is Event.DistributorLost -> session
        is Event.DialChanged -> session
        is Event.CompareCode -> session
        is Event.CodeShown -> session
        is Event.SendChanged -> session
        is Event.SendProgress -> session
        is Event.Asked -> session
        is Event.Resumed -> session
        is Event.ReceiveChanged -> session
        is Event.ReceiveProgress -> session
        is Event.Saved -> session
        is Event.Ended -> session
        is Event.Over -> session
        is Event.Missed -> null
    }
