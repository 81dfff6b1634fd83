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
import org.fieldcast.sdk.core.Account
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
        opening { phone.open(newIdentity = false) }
    }

    /** Tries again after a failure. [newIdentity] replaces a lost device key, after the user's consent. */
    fun open(newIdentity: Boolean = false) {
        val before = current.value as? EngineState.Failed ?: return
        // Of two quick taps, only the first opens it.
        if (current.compareAndSet(before, EngineState.Opening)) opening { phone.open(newIdentity) }
    }

    /**
     * Closes the engine and opens it again: with another name of this phone, or with a new identity. Ends everything
     * that runs, so ask for it only while nothing does.
     */
    fun reopen(deviceName: String? = null, newIdentity: Boolean = false) {
        val before = current.value as? EngineState.Open ?: return
        if (!current.compareAndSet(before, EngineState.Opening)) return
        opening {
            before.fieldcast.shutDown()
            phone.open(newIdentity, deviceName)
        }
    }

    private fun opening(open: suspend () -> Fieldcast) {
        scope.launch {
            current.value = try {
                EngineState.Open(open())
            } catch (error: FieldcastException) {
                EngineState.Failed(error)
            }
        }
    }

    /** The engine, as soon as it is open. For work in the background, which waits until the user has tried again. */
    suspend fun fieldcast(): Fieldcast = state.filterIsInstance<EngineState.Open>().first().fieldcast

    /** The engine, as soon as it is open. For a screen: throws the error if it does not open. */
    suspend fun fieldcastOrError(): Fieldcast {
        val now = state.first { it !is EngineState.Opening }
        if (now is EngineState.Failed) throw now.error
        return fieldcast()
    }

    /** Who is logged in; none if that cannot be read, because the login reports the same error. */
    suspend fun account(): Account? = try {
        fieldcastOrError().account()
    } catch (_: FieldcastException) {
        null
    }
}
