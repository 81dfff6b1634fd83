package org.fieldcast.app.ui.send

import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.state.isBusy
import org.fieldcast.app.ui.parts.need
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.qrMatrix

/** Starts to search at once. The search ends with the screen, or with the last transfer after that. */
class SendViewModel(private val app: AppState, private val saved: SavedStateHandle) : ViewModel() {
    private val input = MutableStateFlow(restored())
    private val invite = MutableStateFlow<InviteState>(InviteState.Hidden)
    private var inviting: Job? = null

    /** Set when the user ends sending, which must not start again then. */
    @Volatile private var isLeaving = false

    private val isReceiving = app.receive.status.map { it.isBusy }.distinctUntilChanged()

    /** What the screen shows; none before the first state is derived. */
    val state: StateFlow<SendUiState?> = states().conflate().flowOn(Dispatchers.Default)
        .stateIn(viewModelScope, SharingStarted.Eagerly, null)

    init {
        app.send.onScreenOpened()
        // An earlier failure is not this visit's.
        if (app.send.status.value is SendStatus.Failed) app.send.stop()
        viewModelScope.launch(Dispatchers.Default) {
            checkNeed()
            combine(app.villages.stored, app.send.status, input, isReceiving) { _, _, _, isReceiving -> isReceiving }
                .collect { isReceiving -> if (!isReceiving) startIfOff() }
        }
    }

    private fun restored() = SendInput(
        saved.get<String>(CONNECTION)?.let(Connection::valueOf) ?: running() ?: app.send.usual,
        // Sending may have continued without this screen, with fewer villages than all.
        saved.get<Array<String>>(CHOSEN)?.toSet() ?: app.send.chosen.takeIf { running() != null },
        saved.get<Array<String>>(SELECTED)?.toSet().orEmpty(),
    )

    private fun running(): Connection? = when (val now = app.send.status.value) {
        is SendStatus.On -> now.connection
        is SendStatus.Starting -> now.connection
        is SendStatus.Failed, SendStatus.Off -> null
    }

    private fun states(): Flow<SendUiState> = combine(
        combine(contents(), app.send.status, input, isReceiving) { contents, status, chosen, isReceiving ->
            val state = sendUiState(contents, status, chosen, app.phone.hasGroups, isReceiving)
            (state.phase as? SendPhase.On)?.list?.comparison?.fingerprint.let { shown ->
                if (shown != chosen.comparing) input.update { it.copy(comparing = shown) }
            }
            state
        },
        invite,
        app.notifications.isOpen,
        app.sharedKeys.state,
    ) { state, invite, asks, keys -> state.copy(invite = invite, asksForNotification = asks, sharedKeys = keys) }

    private fun contents(): Flow<SendContents?> = combine(
        app.villages.stored,
        input.map { it.chosen }.distinctUntilChanged(),
        app.send.status.map { (it as? SendStatus.On)?.offer }.distinctUntilChanged(),
    ) { stored, chosen, offer -> stored?.let { sendContents(it, chosen, offer) } }

    /** Reads the present values: the flows deliver a new choice and the end that it caused in any order. */
    private fun startIfOff() {
        val isOff = app.send.status.value is SendStatus.Off
        val now = input.value
        val datasets = app.villages.stored.value?.chosen(now.chosen).orEmpty()
        val canStart = now.need == null && datasets.isNotEmpty() && !isLeaving
        if (isOff && canStart) app.send.start(datasets, now.connection, now.chosen)
    }

    /** Reads what the phone allows, which changes while the system shows its dialogs and settings. */
    fun checkPhone() {
        viewModelScope.launch(Dispatchers.Default) {
            app.notifications.check()
            checkNeed()
            val failed = app.send.status.value as? SendStatus.Failed
            // The user may have allowed what was missing, or connected the phone to a network.
            val isMended = failed?.error is FieldcastException.PermissionNeeded ||
                (failed?.error is FieldcastException.NoNetwork && failed.connection == Connection.PRESENT_WIFI)
            if (isMended) app.send.stop()
        }
    }

    private fun checkNeed() = input.update { it.copy(need = need(app.context, it.connection == Connection.OWN_GROUP)) }

    /** Offers these villages; all, also later ones, for none. */
    fun choose(chosen: Set<String>?) {
        // The system accepts only small states. No offer holds so many villages, so the user chooses again.
        saved[CHOSEN] = chosen?.run { takeIf { it.size <= MOST_SAVED_KEYS }.orEmpty().toTypedArray() }
        restart { it.copy(chosen = chosen) }
    }

    /** Offers the present data of the same villages. */
    fun sendAgain() = restart { it }

    /** Connects the phones in the other way. */
    fun connect(connection: Connection) {
        saved[CONNECTION] = connection.name
        restart { it.copy(connection = connection, need = need(app.context, connection == Connection.OWN_GROUP)) }
    }

    fun tryAgain() {
        checkPhone()
        app.send.stop()
    }

    private fun restart(change: (SendInput) -> SendInput) {
        viewModelScope.launch(Dispatchers.Default) {
            input.update(change)
            app.send.discard()
        }
    }

    /** Ends receiving, so that this phone can send. */
    fun stopReceiving() = app.receive.stop()

    fun select(receivers: Collection<String>, isSelected: Boolean) {
        input.update { now ->
            now.copy(selected = if (isSelected) now.selected + receivers else now.selected - receivers.toSet())
        }
        saved[SELECTED] = input.value.selected.toTypedArray()
    }

    fun sendTo(receivers: Collection<String>) {
        app.send.sendTo(receivers)
        select(receivers, isSelected = false)
    }

    fun cancel(receivers: Collection<String>) = app.send.cancel(receivers)

    fun compare(receiver: String) = input.update { it.copy(comparing = receiver) }

    fun answer(receiver: String, isSame: Boolean) = app.send.answer(receiver, isSame)

    fun showInvite() {
        if (inviting?.isActive == true) return
        invite.value = InviteState.Loading
        inviting = viewModelScope.launch(Dispatchers.Default) {
            app.send.status.map { (it as? SendStatus.On)?.address }.distinctUntilChanged()
                .collectLatest { if (it == null) invite.value = InviteState.Loading else showInvites() }
        }
    }

    fun hideInvite() {
        inviting?.cancel()
        invite.value = InviteState.Hidden
    }

    /** Shows an invite, and another one before that expires. */
    private suspend fun showInvites() {
        while (true) {
            try {
                val made = app.send.invite() ?: return
                val matrix = qrMatrix(made.text)
                do {
                    val left = made.expires - app.phone.now()
                    invite.value = InviteState.Shown(matrix, left / MINUTE)
                    delay(left.mod(MINUTE) + 1)
                } while (left > RENEW_MILLIS)
            } catch (error: FieldcastException) {
                invite.value = InviteState.Failed(error)
                delay(RETRY)
            }
        }
    }

    /** Ends sending. */
    fun stop() {
        isLeaving = true
        app.send.stop()
    }

    override fun onCleared() = app.send.onScreenClosed()

    private companion object {
        const val CONNECTION = "connection"
        const val CHOSEN = "chosen"
        const val MOST_SAVED_KEYS = 500
        const val SELECTED = "selected"

        /** Milliseconds. */
        const val MINUTE = 60_000L

        /** An invite is replaced when less time is left, so that a receiver can scan and join in peace. */
        const val RENEW_MILLIS = 10 * MINUTE
        val RETRY = 2.seconds
    }
}
