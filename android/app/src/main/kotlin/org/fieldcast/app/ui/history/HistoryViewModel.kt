package org.fieldcast.app.ui.history

import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.EngineViewModel

/** Reads the past exchanges, again after each new one. */
class HistoryViewModel(app: AppState) : EngineViewModel(app) {
    private val current = MutableStateFlow<HistoryUiState?>(null)

    /** None until it was read. */
    val state: StateFlow<HistoryUiState?> = current.asStateFlow()

    init {
        viewModelScope.launch(Dispatchers.Default) { app.villages.stored.collectLatest { read().join() } }
    }

    private fun read() = act { fieldcast ->
        current.value = uiState(fieldcast.history(LIMIT), fieldcast.distributionStats())
    }

    private companion object {
        const val LIMIT = 200u
    }
}
