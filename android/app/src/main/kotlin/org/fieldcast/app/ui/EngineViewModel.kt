package org.fieldcast.app.ui

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.FieldcastException

/** Calls the engine off the main thread, and keeps the last error for the screen. */
abstract class EngineViewModel(protected val app: AppState) : ViewModel() {
    private val failure = MutableStateFlow<FieldcastException?>(null)

    /** Why the last action failed; none if it succeeded. */
    val error: StateFlow<FieldcastException?> = failure.asStateFlow()

    /** Runs [work] with the engine, as soon as it is open. An engine that does not open is an error, too. */
    protected fun act(work: suspend (Fieldcast) -> Unit): Job = viewModelScope.launch(Dispatchers.Default) {
        failure.value = null
        try {
            work(app.engine.fieldcastOrError())
        } catch (error: FieldcastException) {
            failure.value = error
        }
    }
}
