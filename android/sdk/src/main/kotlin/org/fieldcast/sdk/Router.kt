package org.fieldcast.sdk

import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.EventListener

/** Gives each event to the job or session it is of, then to whoever collects. Never waits. */
internal class Router : EventListener {
    private val all = MutableSharedFlow<Event>(extraBufferCapacity = 256, onBufferOverflow = BufferOverflow.DROP_OLDEST)
    private val watchers = ConcurrentHashMap<ULong, (Event) -> Unit>()

    val events: SharedFlow<Event> = all.asSharedFlow()

    override fun onEvent(event: Event) {
        val session = event.session
        when {
            event is Event.Over -> watchers.remove(event.session)?.invoke(event)
            session != null -> watchers[session]?.invoke(event)
            else -> watchers.values.forEach { it(event) }
        }
        all.tryEmit(event)
    }

    /** Tells [watcher] what happens in a session until it is over. */
    fun watch(session: ULong, watcher: (Event) -> Unit) {
        watchers[session] = watcher
    }
}

/** The job or session an event is of; none for [Event.Missed], which concerns them all. */
val Event.session: ULong?
    get() = when (this) {
        is Event.DownsyncProgress -> job
        is Event.BoundaryDone -> job
        is Event.BoundaryFailed -> job
        is Event.ReceiverFound -> session
        is Event.ReceiverGone -> session
        is Event.NetworkGone -> session
        is Event.NetworkBack -> session
        is Event.DistributorHeard -> session
        is Event.DistributorUnheard -> session
        is Event.CallChanged -> session
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
