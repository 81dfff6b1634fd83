package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.sdk.core.Event

/** Collects which phones nearby have the same key, because the data of one was copied to the other. */
class SharedKeys(engine: EngineOwner, scope: CoroutineScope) {
    private val current = MutableStateFlow<List<Event.SharedKey>>(emptyList())

    /** As found by the running sessions. */
    val state: StateFlow<List<Event.SharedKey>> = current.asStateFlow()

    init {
        scope.launch {
            engine.state.collectLatest { now ->
                current.value = emptyList() // perhaps this phone has a new identity
                if (now is EngineState.Open) {
                    now.fieldcast.events.collect { event -> current.update { it.after(event) } }
                }
            }
        }
    }
}

private fun List<Event.SharedKey>.after(event: Event) = when (event) {
    is Event.SharedKey -> this + event
    is Event.Over -> filter { it.session != event.session }
    else -> this
}
