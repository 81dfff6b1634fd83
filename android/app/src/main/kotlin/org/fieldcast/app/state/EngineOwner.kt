package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.FieldcastException

/** Whether the engine is open. */
sealed interface EngineState {
    data object Opening : EngineState
    data class Open(val fieldcast: Fieldcast) : EngineState

    /** The engine did not open. [error] says what to do; [EngineOwner.open] tries again. */
    data class Failed(val error: FieldcastException) : EngineState
}

/** Opens the engine once per process, never on the main thread. */
class EngineOwner(private val phone: Phone, private val scope: CoroutineScope) {
    private val current = MutableStateFlow<EngineState>(EngineState.Opening)
    val state: StateFlow<EngineState> = current.asStateFlow()

    init {
        open()
    }

    /** Opens it, or tries again after a failure. [newIdentity] replaces a lost device key, after the user's consent. */
    fun open(newIdentity: Boolean = false) {
        if (current.value is EngineState.Open) return
        current.value = EngineState.Opening
        scope.launch {
            current.value = try {
                EngineState.Open(phone.open(newIdentity))
            } catch (error: FieldcastException) {
                EngineState.Failed(error)
            }
        }
    }

    /**
     * Closes the engine and opens it again: with another name of this phone, or with a new identity. Ends everything
     * that runs, so ask for it only while nothing does.
     */
    fun reopen(deviceName: String? = null, newIdentity: Boolean = false) {
        val before = current.value as? EngineState.Open ?: return
        if (!current.compareAndSet(before, EngineState.Opening)) return
        scope.launch {
            current.value = try {
                before.fieldcast.shutDown()
                EngineState.Open(phone.open(newIdentity, deviceName))
            } catch (error: FieldcastException) {
                EngineState.Failed(error)
            }
        }
    }

    /** The engine, as soon as it is open. */
    suspend fun fieldcast(): Fieldcast = state.filterIsInstance<EngineState.Open>().first().fieldcast
}
