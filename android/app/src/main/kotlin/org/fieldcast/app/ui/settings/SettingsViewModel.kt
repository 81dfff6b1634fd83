package org.fieldcast.app.ui.settings

import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.stateIn
import org.fieldcast.app.R
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.EngineState
import org.fieldcast.app.ui.EngineViewModel
import org.fieldcast.app.ui.appVersion
import org.fieldcast.app.ui.trouble.SystemSettings
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException

/** Changes the settings, and removes data. */
class SettingsViewModel(app: AppState) : EngineViewModel(app) {
    private val version = appVersion(app.context)
    private val hasLanguagePage = SystemSettings.language(app.context) != null
    private val unsent = MutableStateFlow<Long?>(null)

    private val idle = combine(app.download.state, app.send.status, app.receive.status, ::isIdle)

    val state: StateFlow<SettingsUiState?> =
        combine(app.engine.state.map(::device), idle, app.villages.stored) { (name, error), isIdle, stored ->
            uiState(name, error, isIdle, stored, version, hasLanguagePage)
        }.flowOn(Dispatchers.Default).stateIn(viewModelScope, SharingStarted.Eagerly, null)

    /** How many unsent edits kept the last village from being removed; none if it was removed. */
    val unsentEdits: StateFlow<Long?> = unsent.asStateFlow()

    /** The libraries of this app. */
    val libraries: StateFlow<List<Library>> = flow {
        val text = app.context.resources.openRawResource(R.raw.licences).bufferedReader().use { it.readText() }
        emit(libraries(text))
    }.flowOn(Dispatchers.IO).stateIn(viewModelScope, SharingStarted.Lazily, emptyList())

    /** Gives this phone another name. It is closed and opened for that. */
    fun rename(name: String) {
        if (state.value?.isIdle == true && name.isNotBlank()) app.engine.reopen(deviceName = name.trim())
    }

    /** Makes a new identity, also if the engine does not open because the old one is lost. */
    fun makeNewIdentity() {
        if (app.engine.state.value is EngineState.Failed) {
            app.engine.open(newIdentity = true)
        } else if (state.value?.isIdle == true) {
            app.engine.reopen(newIdentity = true)
        }
    }

    fun logOut() = act { fieldcast ->
        fieldcast.logout()
        app.villages.refresh()
    }

    /** Undoes the last reception of a village. */
    fun undo(dataset: Dataset) = act { fieldcast ->
        fieldcast.undo(dataset)
        app.villages.refresh()
    }

    /** Removes a village from this phone. */
    fun remove(dataset: Dataset) = act { fieldcast ->
        unsent.value = null
        try {
            fieldcast.remove(dataset)
        } catch (error: FieldcastException.UnsentEdits) {
            unsent.value = error.edits.toLong()
        }
        app.villages.refresh()
    }

    private fun device(engine: EngineState): Pair<String?, FieldcastException?> = when (engine) {
        EngineState.Opening -> null to null
        is EngineState.Failed -> null to engine.error
        is EngineState.Open -> try {
            engine.fieldcast.device().name to null
        } catch (error: FieldcastException) {
            null to error
        }
    }
}
