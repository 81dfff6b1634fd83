package org.fieldcast.app.ui.receive

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.parts.ButtonRow
import org.fieldcast.app.ui.parts.CodeCard
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.NeedActions
import org.fieldcast.app.ui.parts.NeedNotice
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.app.ui.parts.NotificationNotice
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.PhoneName
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.QrScanner
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.parts.SharedKeyNotices
import org.fieldcast.app.ui.parts.TitledCard
import org.fieldcast.app.ui.parts.TransferFigures
import org.fieldcast.app.ui.parts.list
import org.fieldcast.app.ui.parts.readTogether
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.receiverTextId
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.DialState
import org.fieldcast.sdk.core.FieldcastException

/** What the user can do on the receive screen. */
data class ReceiveActions(
    val onBack: () -> Unit,
    val onHome: () -> Unit,
    val onLookUp: () -> Unit,
    val onAllowReceiving: (Boolean) -> Unit,
    val onScan: (isScanning: Boolean) -> Unit,
    val onScanned: (String) -> Unit,
    val onAnswer: (question: ULong, answer: Answer) -> Unit,
    /** Cancels the running exchange. */
    val onCancel: () -> Unit,
    /** Connects to the sender with this fingerprint. */
    val onConnect: (String) -> Unit,
    val onTryAgain: () -> Unit,
    /** Goes on without the scanned code. */
    val onWaitOnly: () -> Unit,
    val onStopSending: () -> Unit,
    val need: NeedActions,
    val notification: NotificationActions,
    val onSettings: () -> Unit,
)

/**
 * The receive screen. [isRefused] is whether the system asks the user no more for a permission; [scanner] reads a code.
 */
@Composable
fun ReceiveScreen(
    state: ReceiveUiState,
    now: Long,
    actions: ReceiveActions,
    isRefused: Boolean = false,
    scanner: @Composable () -> Unit = { QrScanner(actions.onScanned) },
) {
    val view = (state.phase as? ReceivePhase.On)?.view
    if (state.isScanning) {
        BackHandler { actions.onScan(false) }
        ScrollingScreen(stringResource(R.string.receive_scan), { actions.onScan(false) }) { scanner() }
    } else {
        ScrollingScreen(stringResource(R.string.receive_data), actions.onBack) {
            SharedKeyNotices(state.sharedKeys, actions.onSettings)
            if (state.isTooOld) Notice(NoticeKind.PROBLEM, stringResource(R.string.receive_too_old))
            if (view == null) NotVisible(state, actions, isRefused) else Visible(view, state.conflicts, actions)
            OwnCard(state, actions)
            if (state.asksForNotification && view != null) {
                NotificationNotice(actions.notification)
            }
        }
    }
    view?.question?.let { question ->
        QuestionDialog(question, now, { actions.onAnswer(question.id, it) }) { actions.onAllowReceiving(false) }
    }
}

@Composable
private fun OwnCard(state: ReceiveUiState, actions: ReceiveActions) =
    TitledCard(stringResource(R.string.receive_this_phone), icon = Icons.Phone) {
        state.own?.let { PhoneName(it.name, it.words, isTrusted = false, Modifier.readTogether()) }
        Row(
            Modifier.fillMaxWidth().heightIn(min = 48.dp)
                .toggleable(state.isAllowed, role = Role.Switch, onValueChange = actions.onAllowReceiving),
            Arrangement.spacedBy(12.dp),
            Alignment.CenterVertically,
        ) {
            Text(stringResource(R.string.receive_allow), Modifier.weight(1f))
            Switch(state.isAllowed, null)
        }
        ButtonRow {
            val onScan = { actions.onScan(true) }
            if (state.phase.isWaiting) {
                MainButton(stringResource(R.string.receive_scan), onScan, Modifier, Icons.QrCode)
            } else {
                // Joining another phone's network ends sending, which only the user may do.
                val canScan = state.phase !is ReceivePhase.Sending
                OtherButton(stringResource(R.string.receive_scan), onScan, Modifier, Icons.QrCode, canScan)
            }
            QuietButton(stringResource(R.string.receive_rename), actions.onSettings)
        }
    }

/** Whether the user's next step is to scan a code, or to be chosen on another phone. */
private val ReceivePhase.isWaiting: Boolean
    get() = when (this) {
        is ReceivePhase.On -> view.transfer == null && view.result == null && view.dial == null
        is ReceivePhase.Failed -> isWithoutNetwork
        else -> false
    }

/** Before a code is scanned, a phone in the field is usually in no network. */
private val ReceivePhase.Failed.isWithoutNetwork: Boolean
    get() = !isByInvite && error is FieldcastException.NoNetwork

@Composable
private fun NotVisible(
    state: ReceiveUiState,
    actions: ReceiveActions,
    isRefused: Boolean,
) = when (val phase = state.phase) {
    is ReceivePhase.Off -> Text(stringResource(R.string.receive_off))
    is ReceivePhase.Sending -> Notice(NoticeKind.PROBLEM, stringResource(R.string.receive_is_sending)) {
        OtherButton(stringResource(R.string.send_stop), actions.onStopSending)
    }
    is ReceivePhase.Needs -> NeedNotice(phase.need, isRefused, actions.need) {
        QuietButton(stringResource(R.string.receive_without_code), actions.onWaitOnly)
    }
    is ReceivePhase.Starting -> {
        Progress(null, stringResource(if (phase.isByInvite) R.string.receive_joining else R.string.send_starting))
    }
    is ReceivePhase.Failed -> Failure(phase, state.isTooOld, actions)
    is ReceivePhase.On -> Unit
}

@Composable
private fun Failure(phase: ReceivePhase.Failed, isTooOld: Boolean, actions: ReceiveActions) {
    val retry = @Composable { OtherButton(stringResource(R.string.try_again), actions.onTryAgain) }
    if (phase.isWithoutNetwork) {
        // The notice for an old phone says what to do, and no code helps that.
        if (isTooOld) retry() else Notice(NoticeKind.INFO, stringResource(R.string.receive_no_network), actions = retry)
        return
    }
    val isGroup = phase.isByInvite && phase.error is FieldcastException.NoNetwork
    Notice(NoticeKind.PROBLEM, if (isGroup) stringResource(R.string.receive_group_failed) else phase.error.text()) {
        ButtonRow {
            MainButton(stringResource(R.string.try_again), actions.onTryAgain)
            if (phase.isByInvite) OtherButton(stringResource(R.string.receive_without_code), actions.onWaitOnly)
        }
    }
}

@Composable
private fun Visible(view: ReceiveView, conflicts: Int, actions: ReceiveActions) {
    if (view.isOffline) Notice(NoticeKind.PROBLEM, stringResource(R.string.exchange_offline))
    view.resumed?.let { resumed ->
        val explanation = stringResource(R.string.receive_resumed_explained, resumed.sender)
        CodeCard(stringResource(R.string.receive_resumed), explanation, resumed.sender, resumed.words, resumed.code) { }
    }
    view.result?.let { Result(it, conflicts, actions) }
    view.ended?.let { Notice(NoticeKind.PROBLEM, stringResource(it.receiverTextId)) }
    if (view.transfer != null) {
        Transfer(view.transfer, actions)
    } else {
        Progress(null, stringResource(view.searching))
        view.dial?.let { Dialing(it) }
        Distributors(view.distributors, actions)
    }
}

private val ReceiveView.searching: Int
    get() = when {
        dial is DialState.Connected -> R.string.receive_connected
        isByInvite -> R.string.receive_connecting
        else -> R.string.receive_searching
    }

@Composable
private fun Transfer(transfer: Transfer, actions: ReceiveActions) =
    TitledCard(
        stringResource(if (transfer.isSaving) R.string.receive_saving else R.string.receive_receiving),
        icon = Icons.Receive,
    ) {
        LinearProgressIndicator({ transfer.part }, Modifier.fillMaxWidth())
        TransferFigures(transfer.part, transfer.bytesPerSecond, transfer.secondsLeft)
        // Saving takes a moment and is all or nothing.
        if (!transfer.isSaving) OtherButton(stringResource(R.string.cancel), actions.onCancel)
    }

@Composable
private fun Result(result: ReceiveResult, conflicts: Int, actions: ReceiveActions) =
    Notice(NoticeKind.SUCCESS, saved(result)) {
        Column(verticalArrangement = Arrangement.spacedBy(8.dp)) {
            result.kept(conflicts).forEach { Text(it) }
            ButtonRow {
                OtherButton(stringResource(R.string.home_look_up), actions.onLookUp, icon = Icons.Search)
                MainButton(stringResource(R.string.go_home), actions.onHome)
            }
        }
    }

@Composable
private fun saved(result: ReceiveResult): String =
    plural(R.plurals.receive_saved, result.households, plural(R.plurals.villages, result.villages.toLong()))

/** What of this phone's own data stayed. */
@Composable
private fun ReceiveResult.kept(conflicts: Int): List<String> = listOfNotNull(
    keptNewer.takeIf { it > 0uL }?.let { plural(R.plurals.receive_kept_newer, it) },
    ahead.takeIf { it.isNotEmpty() }?.let { stringResource(R.string.receive_ahead, list(it)) },
    this.conflicts.takeIf { it.isNotEmpty() }?.let { stringResource(R.string.receive_conflict, list(it)) },
    conflicts.takeIf { it > 0 }?.let { plural(R.plurals.home_conflicts, it.toLong()) },
)

@Composable
private fun Dialing(dial: DialState) = when (dial) {
    is DialState.Connecting, is DialState.Connected -> Unit
    is DialState.Retrying -> Notice(NoticeKind.INFO, stringResource(dial.ending.reason.receiverTextId))
    is DialState.GaveUp -> Notice(NoticeKind.PROBLEM, stringResource(dial.ending.reason.receiverTextId))
}

@Composable
private fun Distributors(distributors: List<NearbyDistributor>, actions: ReceiveActions) {
    if (distributors.isEmpty()) return
    TitledCard(stringResource(R.string.receive_senders), icon = Icons.Phones) {
        Text(stringResource(R.string.receive_senders_explained))
        distributors.forEach { distributor ->
            PhoneName(distributor.name, distributor.words, isTrusted = false, Modifier.readTogether())
            val description = stringResource(R.string.receive_connect_one, distributor.name)
            OtherButton(
                stringResource(R.string.receive_connect),
                { actions.onConnect(distributor.fingerprint) },
                Modifier.semantics { contentDescription = description },
            )
        }
    }
}
