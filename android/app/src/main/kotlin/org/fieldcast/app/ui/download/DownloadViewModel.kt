package org.fieldcast.app.ui.download

import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState

/** Prepares the state of the download for the screen. The download itself lives in the process. */
class DownloadViewModel(private val app: AppState) : ViewModel() {
    /** None until it was computed once. */
    val state: StateFlow<DownloadUiState?> = combine(
        combine(app.download.state, app.villages.stored, ::uiState),
        app.notifications.isOpen,
    ) { state, asks -> if (state is DownloadUiState.Going) state.copy(asksForNotification = asks) else state }
        .conflate()
        .flowOn(Dispatchers.Default)
        .stateIn(viewModelScope, SharingStarted.WhileSubscribed(), null)

    /** Reads what the phone allows, which changes while the system shows its dialogs and settings. */
    fun checkPhone() {
        viewModelScope.launch(Dispatchers.Default) { app.notifications.check() }
    }
}
