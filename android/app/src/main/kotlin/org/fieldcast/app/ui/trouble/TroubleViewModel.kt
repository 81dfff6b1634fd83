package org.fieldcast.app.ui.trouble

import android.os.Build
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.EngineState
import org.fieldcast.app.ui.EngineViewModel
import org.fieldcast.app.ui.appVersion
import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.fingerprintWords

/** Checks the phone, and the data on it. */
class TroubleViewModel(app: AppState) : EngineViewModel(app) {
    private val checks = app.phone.checks(app.context)
    private val facts = MutableStateFlow<PhoneFacts?>(null)
    private val engine = MutableStateFlow<List<Check>?>(null)
    private val data = MutableStateFlow<DataCheck>(DataCheck.Off)
    private val text = MutableStateFlow<String?>(null)
    private var looking: Job? = null
    private var verifying: Job? = null

    val state: StateFlow<TroubleUiState?> =
        combine(facts.filterNotNull(), engine, data, app.engine.state) { facts, engine, data, opened ->
            uiState(facts, engine, data, (opened as? EngineState.Failed)?.error)
        }.flowOn(Dispatchers.Default).stateIn(viewModelScope, SharingStarted.Eagerly, null)

    /** The diagnostics to show before they are shared. */
    val diagnostics: StateFlow<String?> get() = text

    /** Looks at everything again. The result of the last look stays until then. */
    fun look() {
        if (looking?.isActive == true) return
        looking = viewModelScope.launch(Dispatchers.Default) {
            facts.value = checks.facts()
            engine.value = try {
                checks.engine()
            } catch (_: FieldcastException) {
                emptyList() // the phone cannot start a thread; the other checks still help
            }
        }
    }

    /** Looks at the settings of the phone again. */
    fun lookAtSettings() {
        viewModelScope.launch(Dispatchers.Default) { facts.value = checks.facts() }
    }

    /** Verifies the data, village by village. */
    fun verify() {
        if (verifying?.isActive == true) return
        verifying = act { fieldcast ->
            val datasets = fieldcast.datasets().map { it.summary.dataset }
            var result = DataCheck.Done(0u, 0u, 0u)
            data.value = DataCheck.Running(0, datasets.size)
            try {
                datasets.forEachIndexed { index, dataset ->
                    val found = fieldcast.verify(dataset)
                    result = result.plus(found)
                    data.value = DataCheck.Running(index + 1, datasets.size)
                }
                data.value = result
            } catch (error: FieldcastException) {
                data.value = DataCheck.Failed(error)
            }
            app.villages.refresh()
        }
    }

    /** Writes the diagnostics. */
    fun diagnose() {
        viewModelScope.launch(Dispatchers.Default) {
            looking?.join()
            val opened = app.engine.state.first { it !is EngineState.Opening }
            val fieldcast = (opened as? EngineState.Open)?.fieldcast
            text.value = diagnostics(
                DiagnosticsInput(
                    appVersion = appVersion(app.context),
                    androidVersion = Build.VERSION.RELEASE,
                    apiLevel = Build.VERSION.SDK_INT,
                    phoneModel = "${Build.MANUFACTURER} ${Build.MODEL}",
                    now = app.phone.now(),
                    words = quietly { fieldcast?.device()?.fingerprint?.let(::fingerprintWords) },
                    engineError = (opened as? EngineState.Failed)?.error?.javaClass?.simpleName,
                    phone = checks.facts(),
                    engine = engine.value.orEmpty(),
                    stored = app.villages.stored.value,
                    history = quietly { fieldcast?.history(HISTORY) }.orEmpty(),
                ),
            )
        }
    }

    fun closeDiagnostics() {
        text.value = null
    }

    /** The file is about trouble, so a part that cannot be read is left out. */
    private inline fun <T> quietly(read: () -> T?): T? = try {
        read()
    } catch (_: FieldcastException) {
        null
    }

    private companion object {
        const val HISTORY = 200u
    }
}
