package org.fieldcast.app.ui.receive

import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.isBusy
import org.fieldcast.app.ui.parts.need
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.fingerprintWords
import org.fieldcast.sdk.core.parseInvite

/** Makes this phone visible at once, for as long as the screen is open. */
class ReceiveViewModel(private val app: AppState, private val saved: SavedStateHandle) : ViewModel() {
    private val input = MutableStateFlow(ReceiveInput(saved[ALLOWED] ?: true, saved[SCANNING] ?: false))
    private val own = MutableStateFlow<OwnPhone?>(null)

    /** A scanned code that waits for a permission. Not saved: it can hold a passphrase. */
    @Volatile private var scanned: String? = null

    private val isSending = app.send.status.map { it.isBusy }.distinctUntilChanged()

    /** What the screen shows; none before the first state is derived. */
    val state: StateFlow<ReceiveUiState?> = states().conflate().flowOn(Dispatchers.Default)
        .stateIn(viewModelScope, SharingStarted.Eagerly, null)

    init {
        app.receive.onScreenOpened()
        // An earlier failure is not this visit's.
        if (app.receive.status.value is ReceiveStatus.Failed) app.receive.stop()
        viewModelScope.launch(Dispatchers.Default) { own.value = ownPhone() }
        viewModelScope.launch(Dispatchers.Default) {
            combine(app.receive.status, input, isSending) { _, _, isSending -> isSending }
                .collect { isSending -> if (!isSending) startIfOff() }
        }
    }

    /** Reads the present values: the flows deliver a new choice and the end that it caused in any order. */
    private fun startIfOff() {
        val isOff = app.receive.status.value is ReceiveStatus.Off
        val chosen = input.value
        if (isOff && chosen.isAllowed && chosen.need == null) app.receive.start()
    }

    private suspend fun ownPhone(): OwnPhone {
        val device = app.engine.fieldcast().device()
        return OwnPhone(device.name, fingerprintWords(device.fingerprint))
    }

    private fun states(): Flow<ReceiveUiState> = combine(
        combine(app.receive.status, input, own, isSending, conflicts(), ::receiveUiState),
        app.notifications.isOpen,
        app.sharedKeys.state,
    ) { state, asks, keys -> state.copy(asksForNotification = asks, sharedKeys = keys) }

    private fun conflicts(): Flow<Int> = app.villages.stored.map { it?.conflicts.orEmpty().size }

    /** Reads what the phone allows, which changes while the system shows its dialogs and settings. */
    fun checkPhone() {
        viewModelScope.launch(Dispatchers.Default) {
            app.notifications.check()
            scanned?.let(::join)
            val failed = app.receive.status.value as? ReceiveStatus.Failed
            // The user may have connected the phone to a network. Receiving starts again by itself.
            if (failed?.error is FieldcastException.NoNetwork && failed.invite == null) app.receive.stop()
        }
    }

    fun allow(isAllowed: Boolean) {
        saved[ALLOWED] = isAllowed
        scanned = null
        input.update { it.copy(isAllowed = isAllowed, need = null, isTooOld = false) }
        if (!isAllowed) app.receive.stop()
    }

    fun scan(isScanning: Boolean) {
        saved[SCANNING] = isScanning
        input.update { it.copy(isScanning = isScanning) }
    }

    /** Connects to the phone that shows this code. */
    fun onScanned(text: String) {
        scan(false)
        viewModelScope.launch(Dispatchers.Default) { join(text) }
    }

    private fun join(text: String) {
        val isTooOld = hasGroup(text) && !app.phone.hasGroups
        val need = if (isTooOld) null else need(app.context, hasGroup(text))
        scanned = text.takeIf { need != null }
        saved[ALLOWED] = true
        input.update { it.copy(isAllowed = true, need = need, isTooOld = isTooOld) }
        when {
            // Waits in the present network, to which the user may connect the other phone.
            isTooOld -> if (app.receive.status.value is ReceiveStatus.Failed) app.receive.stop()
            need == null -> app.receive.startByInvite(text)
        }
    }

    private fun hasGroup(text: String): Boolean = try {
        parseInvite(text, app.phone.now()).group != null
    } catch (_: FieldcastException) {
        false // the same error appears when it connects
    }

    /** Goes on without the scanned code. */
    fun waitOnly() {
        scanned = null
        input.update { it.copy(need = null, isTooOld = false) }
        app.receive.stop() // starts again by itself
    }

    fun tryAgain() {
        val invite = (app.receive.status.value as? ReceiveStatus.Failed)?.invite
        if (invite == null) waitOnly() else viewModelScope.launch(Dispatchers.Default) { join(invite) }
    }

    /** Cancels the running exchange. This phone stays visible. */
    fun cancel() = app.receive.stop() // starts again by itself

    /** Answers the question with this number, if it is still open. */
    fun answer(id: ULong, answer: Answer) {
        val question = (app.receive.status.value as? ReceiveStatus.On)?.receiving?.question
        if (question?.id == id) app.receive.answer(question, answer)
    }

    fun connect(fingerprint: String) {
        val distributors = (app.receive.status.value as? ReceiveStatus.On)?.receiving?.distributors.orEmpty()
        distributors.find { it.fingerprint == fingerprint }?.let(app.receive::connect)
    }

    /** Ends sending, so that this phone can receive. */
    fun stopSending() = app.send.stop()

    override fun onCleared() = app.receive.onScreenClosed()

    private companion object {
        const val ALLOWED = "allowed"
        const val SCANNING = "scanning"
    }
}
