package org.fieldcast.app.ui.send

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.state.Connection
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.ButtonRow
import org.fieldcast.app.ui.parts.CodeCard
import org.fieldcast.app.ui.parts.IconAction
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.LARGE_FONT
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.NeedActions
import org.fieldcast.app.ui.parts.NeedNotice
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.app.ui.parts.NotificationNotice
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.SharedKeyNotices
import org.fieldcast.app.ui.parts.isSettled
import org.fieldcast.app.ui.parts.list
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** What the user can do on the send screen. */
data class SendActions(
    val onBack: () -> Unit,
    val onHome: () -> Unit,
    /** Ends sending and leaves the screen. */
    val onStop: () -> Unit,
    val onTryAgain: () -> Unit,
    val onConnect: (Connection) -> Unit,
    /** Offers the villages with these keys; all for none. */
    val onChoose: (chosen: Set<String>?) -> Unit,
    /** Offers the present data of the same villages. */
    val onSendAgain: () -> Unit,
    val onSelect: (receivers: List<String>, isSelected: Boolean) -> Unit,
    val onSendTo: (receivers: List<String>) -> Unit,
    val onCancel: (receivers: List<String>) -> Unit,
    /** Shows the code of this receiver, instead of another one's. */
    val onCompare: (receiver: String) -> Unit,
    val onAnswer: (receiver: String, isSame: Boolean) -> Unit,
    val onShowInvite: () -> Unit,
    val onHideInvite: () -> Unit,
    val need: NeedActions,
    val notification: NotificationActions,
    val onStopReceiving: () -> Unit,
    val onDownload: () -> Unit,
    val onSettings: () -> Unit,
)

/** The send screen. [isRefused] is whether the system asks the user no more for a permission. */
@Composable
fun SendScreen(state: SendUiState, actions: SendActions, isRefused: Boolean = false) {
    var isChoosing by rememberSaveable { mutableStateOf(false) }
    var unselected by rememberSaveable { mutableStateOf(emptyList<String>()) }
    val list = (state.phase as? SendPhase.On)?.list
    when {
        // A code must be compared within two minutes, so it takes precedence.
        state.invite != InviteState.Hidden && list?.comparison == null ->
            InviteScreen(state.invite, list, unselected, { unselected = it }, actions)
        isChoosing -> VillageChoiceScreen(state.contents?.choices.orEmpty(), { isChoosing = false }) {
            isChoosing = false
            actions.onChoose(it)
        }
        else -> SendOverview(state, actions, isRefused) { isChoosing = true }
    }
}

@Composable
private fun SendOverview(state: SendUiState, actions: SendActions, isRefused: Boolean, onChange: () -> Unit) {
    var stopping by rememberSaveable { mutableStateOf(Stopping.NOTHING) }
    val list = (state.phase as? SendPhase.On)?.list
    val running = list?.summary?.running.orEmpty()
    val onStop = { if (running.isNotEmpty()) stopping = Stopping.SENDING else actions.onStop() }
    Screen(
        stringResource(R.string.send_data),
        actions.onBack,
        actions = {
            if (list != null) IconAction(Icons.QrCode, stringResource(R.string.send_show_code), actions.onShowInvite)
        },
        bottom = { if (list != null) SendBar(list.selected, list.bytes, actions.onSendTo) },
    ) { padding ->
        val position = rememberLazyListState()
        val comparing = list?.comparison?.fingerprint
        LaunchedEffect(comparing) { if (comparing != null) position.animateScrollToItem(0) }
        LazyColumn(
            Modifier.fillMaxSize().padding(padding),
            position,
            contentPadding = PaddingValues(16.dp),
            verticalArrangement = Arrangement.spacedBy(12.dp),
        ) {
            // One item: a list keeps its place when an item appears above it, and the user would not see the code.
            item("head", "head") {
                Column(verticalArrangement = Arrangement.spacedBy(12.dp)) {
                    list?.comparison?.let { CodeToCompare(it, actions) }
                    SharedKeyNotices(state.sharedKeys, actions.onSettings)
                    if (list != null && list.summary.total > 0) {
                        Summary(list.summary, actions) { stopping = Stopping.TRANSFERS }
                    }
                    if (list == null) Waiting(state, actions, isRefused, onChange)
                    Setup(state, actions, onChange, onStop)
                }
            }
            if (state.asksForNotification && list != null) {
                item("notification", "notification") {
                    NotificationNotice(actions.notification)
                }
            }
            if (list != null) phones(list, actions)
        }
    }
    val onClose = { stopping = Stopping.NOTHING }
    when (stopping) {
        Stopping.NOTHING -> Unit
        Stopping.SENDING -> StopDialog(actions.onStop, onClose)
        Stopping.TRANSFERS -> StopDialog({ actions.onCancel(running) }, onClose)
    }
}

/** What the user has asked to end, and must confirm. */
private enum class Stopping { NOTHING, SENDING, TRANSFERS }

@Composable
private fun CodeToCompare(comparison: Comparison, actions: SendActions) = CodeCard(
    stringResource(R.string.send_compare),
    stringResource(R.string.send_compare_explained, comparison.name),
    comparison.name,
    comparison.words,
    comparison.code,
) {
    val isSettled = isSettled(comparison.fingerprint to comparison.code)
    val onAnswer = { isSame: Boolean -> actions.onAnswer(comparison.fingerprint, isSame) }
    MainButton(stringResource(R.string.send_codes_match), { onAnswer(true) }, isEnabled = isSettled)
    OtherButton(stringResource(R.string.codes_differ), { onAnswer(false) }, isEnabled = isSettled)
    if (comparison.more > 0) Text(plural(R.plurals.send_more_to_compare, comparison.more.toLong()))
}

@Composable
private fun Summary(summary: SendSummary, actions: SendActions, onCancelAll: () -> Unit) {
    val kind = when {
        !summary.isOver -> NoticeKind.INFO
        summary.upToDate == summary.total -> NoticeKind.SUCCESS
        else -> NoticeKind.PROBLEM
    }
    val done = formats().count(summary.upToDate.toLong())
    // Announced when a phone is done; not while data moves.
    Notice(kind, plural(R.plurals.send_up_to_date, summary.total.toLong(), done)) {
        ButtonRow {
            if (summary.failed.isNotEmpty()) {
                OtherButton(
                    plural(R.plurals.send_try_all_again, summary.failed.size.toLong()),
                    { actions.onSendTo(summary.failed) },
                )
            }
            if (summary.running.size > 1) {
                QuietButton(stringResource(R.string.send_cancel_all), onCancelAll)
            }
            if (summary.isOver) MainButton(stringResource(R.string.go_home), actions.onHome)
        }
    }
}

/** What is sent, and how the phones connect. Small, so that the phones nearby are visible below it. */
@Composable
private fun Setup(state: SendUiState, actions: SendActions, onChange: () -> Unit, onStop: () -> Unit) =
    Card(Modifier.fillMaxWidth(), colors = CardDefaults.cardColors(MaterialTheme.colorScheme.surfaceContainer)) {
        Column(Modifier.padding(horizontal = 16.dp, vertical = 8.dp), Arrangement.spacedBy(4.dp)) {
            val list = (state.phase as? SendPhase.On)?.list
            // Another choice starts the search again, which would cancel transfers.
            val canChange = list == null || list.summary.running.isEmpty()
            state.contents?.let { contents ->
                Contents(contents, onChange.takeIf { canChange })
                if (contents.incomplete > 0) Text(plural(R.plurals.send_incomplete, contents.incomplete.toLong()))
                if (contents.newer > 0 && list != null) NewData(contents, actions.onSendAgain.takeIf { canChange })
            }
            Row(Modifier.heightIn(min = 40.dp), Arrangement.spacedBy(8.dp), Alignment.CenterVertically) {
                Icon(Icons.Wifi, null)
                Text(stringResource(state.connection.title), style = MaterialTheme.typography.titleSmall)
            }
            if (list == null || list.rows.isEmpty()) Text(stringResource(state.connection.explanation))
            if (list?.isOffline == true) Notice(NoticeKind.PROBLEM, stringResource(R.string.exchange_offline))
            ButtonRow {
                if (list != null) {
                    OtherButton(stringResource(R.string.send_show_code), actions.onShowInvite, icon = Icons.QrCode)
                }
                if (state.hasGroups && canChange) {
                    val other = state.connection.other
                    QuietButton(stringResource(other.switch), { actions.onConnect(other) })
                }
                if (list != null) QuietButton(stringResource(R.string.send_stop), onStop)
            }
        }
    }

@Composable
private fun Contents(contents: SendContents, onChange: (() -> Unit)?) = ButtonRow {
    Row(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalAlignment = Alignment.CenterVertically) {
        Icon(Icons.Villages, null)
        Column {
            Text(plural(R.plurals.villages, contents.villages.toLong()), style = MaterialTheme.typography.titleSmall)
            Text(plural(R.plurals.households, contents.households))
        }
    }
    if (onChange != null && contents.choices.size > 1) QuietButton(stringResource(R.string.send_change), onChange)
}

/** Data that came after sending began. Another start cancels transfers, so [onSendAgain] is none while they run. */
@Composable
private fun NewData(contents: SendContents, onSendAgain: (() -> Unit)?) {
    Text(plural(R.plurals.send_newer, contents.newer.toLong()))
    if (onSendAgain != null) OtherButton(stringResource(R.string.send_again), onSendAgain)
}

private val Connection.other: Connection
    get() = if (this == Connection.OWN_GROUP) Connection.PRESENT_WIFI else Connection.OWN_GROUP

private val Connection.title: Int
    get() = if (this == Connection.OWN_GROUP) R.string.send_own_group else R.string.send_present_wifi

private val Connection.explanation: Int
    get() = when (this) {
        Connection.OWN_GROUP -> R.string.send_own_group_explained
        Connection.PRESENT_WIFI -> R.string.send_present_wifi_explained
    }

private val Connection.switch: Int
    get() = if (this == Connection.OWN_GROUP) R.string.send_use_own_group else R.string.send_use_present_wifi

@Composable
private fun Waiting(
    state: SendUiState,
    actions: SendActions,
    isRefused: Boolean,
    onChange: () -> Unit,
) = when (val phase = state.phase) {
    is SendPhase.Loading -> Progress(null, stringResource(R.string.send_loading))
    is SendPhase.Empty -> Notice(NoticeKind.INFO, stringResource(R.string.home_no_villages)) {
        MainButton(stringResource(R.string.home_download), actions.onDownload)
    }
    is SendPhase.Receiving -> Notice(NoticeKind.PROBLEM, stringResource(R.string.send_is_receiving)) {
        OtherButton(stringResource(R.string.send_stop_receiving), actions.onStopReceiving)
    }
    is SendPhase.Needs -> NeedNotice(phase.need, isRefused, actions.need) {
        if (state.connection == Connection.OWN_GROUP) OtherWay(state, actions)
    }
    is SendPhase.Starting -> {
        val isGroup = state.connection == Connection.OWN_GROUP
        Progress(null, stringResource(if (isGroup) R.string.send_making_group else R.string.send_starting))
    }
    is SendPhase.Failed -> Failure(phase.error, state, actions, onChange)
    is SendPhase.On -> Unit
}

@Composable
private fun Failure(error: FieldcastException, state: SendUiState, actions: SendActions, onChange: () -> Unit) {
    if (error is FieldcastException.TooManyBoundaries) {
        Notice(NoticeKind.PROBLEM, error.text()) { MainButton(stringResource(R.string.send_choose_fewer), onChange) }
        return
    }
    val isGroup = error is FieldcastException.NoNetwork && state.connection == Connection.OWN_GROUP
    Notice(NoticeKind.PROBLEM, if (isGroup) stringResource(R.string.send_group_failed) else error.text()) {
        ButtonRow {
            MainButton(stringResource(R.string.try_again), actions.onTryAgain)
            if (state.hasGroups) OtherWay(state, actions)
        }
    }
}

@Composable
private fun OtherWay(state: SendUiState, actions: SendActions) {
    val other = state.connection.other
    OtherButton(stringResource(other.switch), { actions.onConnect(other) })
}

@OptIn(ExperimentalLayoutApi::class)
private fun LazyListScope.phones(list: SendList, actions: SendActions) {
    val found = list.found
    item("nearby", "heading") {
        FlowRow(Modifier.fillMaxWidth(), Arrangement.SpaceBetween) {
            Heading(stringResource(R.string.send_nearby))
            if (found.any { !it.isSelected }) {
                val onSelectAll = { actions.onSelect(found.map { it.fingerprint }, true) }
                QuietButton(stringResource(R.string.send_select_all), onSelectAll)
            }
        }
    }
    if (found.isEmpty()) {
        item("searching", "searching") { Progress(null, stringResource(R.string.send_searching)) }
    }
    items(list.rows, { it.fingerprint }, { "phone" }) { row ->
        ReceiverRow(row, row.fingerprint == list.comparison?.fingerprint, actions)
    }
    if (list.absent.isNotEmpty()) {
        item("absent", "heading") { Heading(stringResource(R.string.send_absent)) }
        items(list.absent, { it.fingerprint }, { "absent" }) { AbsentPhoneRow(it, actions) }
    }
}

@Composable
private fun Heading(text: String) = Text(
    text,
    Modifier.padding(vertical = 8.dp).semantics { heading() },
    style = MaterialTheme.typography.titleMedium,
)

/** Asks and acts at once: the names and the size are here, so no dialog follows. [bytes] go to each phone. */
@Composable
internal fun SendBar(phones: List<SendRow>, bytes: ULong, onSendTo: (receivers: List<String>) -> Unit) {
    if (phones.isEmpty()) return
    val receivers = phones.map { it.fingerprint }
    val isSettled = isSettled(receivers)
    Surface(tonalElevation = 3.dp) {
        Column(Modifier.fillMaxWidth().navigationBarsPadding().padding(16.dp), Arrangement.spacedBy(8.dp)) {
            // At a large font the phones above need the room.
            val most = if (LocalDensity.current.fontScale > LARGE_FONT) 72.dp else 160.dp
            Column(Modifier.heightIn(max = most).verticalScroll(rememberScrollState())) {
                Text(plural(R.plurals.send_to, phones.size.toLong()), style = MaterialTheme.typography.titleMedium)
                Text(names(phones.map { it.name }))
                Text(stringResource(R.string.send_size, formats().bytes(bytes)))
            }
            val send = stringResource(R.string.send_send)
            MainButton(send, { onSendTo(receivers) }, Modifier.fillMaxWidth(), Icons.Send, isSettled)
        }
    }
}

/** As in "Asha, Moussa and 5 others". */
@Composable
private fun names(all: List<String>): String {
    val shown = if (all.size > MOST_NAMES) all.take(MOST_NAMES - 1) else all
    val others = (all.size - shown.size).toLong()
    val rest = if (others > 0) listOf(plural(R.plurals.send_others, others)) else emptyList()
    return list(shown + rest)
}

private const val MOST_NAMES = 4

@Composable
internal fun StopDialog(onStop: () -> Unit, onClose: () -> Unit) = AlertDialog(
    onDismissRequest = onClose,
    title = { Text(stringResource(R.string.send_stop_question)) },
    text = { Text(stringResource(R.string.send_stop_explained)) },
    confirmButton = {
        val stop = {
            onClose()
            onStop()
        }
        QuietButton(stringResource(R.string.send_stop), stop)
    },
    dismissButton = { QuietButton(stringResource(R.string.send_continue), onClose) },
)
