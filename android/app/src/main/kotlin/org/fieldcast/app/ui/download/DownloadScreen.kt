package org.fieldcast.app.ui.download

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.LazyListScope
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.download.VillageProgress.Stage
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Busy
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.NotificationNotice
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.Small
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** Shows a download until it is complete. [state] is none before it is known. */
@Composable
fun DownloadScreen(state: DownloadUiState?, now: Long, actions: DownloadActions) {
    var isCancelling by rememberSaveable { mutableStateOf(false) }
    val onCancel = { isCancelling = true }
    Screen(stringResource(R.string.download_title), actions.onBack) { padding ->
        LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
            when (state) {
                null -> head { Busy(stringResource(R.string.download_busy)) }
                DownloadUiState.Off -> head { Off(actions) }
                is DownloadUiState.Going -> {
                    head { Going(state, onCancel) }
                    if (state.asksForNotification) {
                        head("notification") {
                            NotificationNotice(actions.notification)
                        }
                    }
                    villages(state.villages)
                }
                is DownloadUiState.Metered -> head { Metered(state, actions, onCancel) }
                is DownloadUiState.Done -> {
                    head { Done(state, now, actions) }
                    villages(state.villages)
                }
                is DownloadUiState.Failed -> {
                    head { Failed(state, actions, onCancel) }
                    villages(state.villages)
                }
            }
        }
    }
    val isOver = state == null || state is DownloadUiState.Off || state is DownloadUiState.Done
    if (isCancelling && !isOver) CancelDialog(actions.onCancel) { isCancelling = false }
}

private fun LazyListScope.head(key: String = "head", content: @Composable () -> Unit) = item(key, key) {
    Column(Modifier.fillMaxWidth().padding(16.dp), Arrangement.spacedBy(16.dp)) { content() }
}

private fun LazyListScope.villages(villages: List<VillageProgress>) =
    items(villages, { "village ${it.code}" }, { it.stage }) { village ->
        VillageItem(village)
        HorizontalDivider()
    }

@Composable
private fun Off(actions: DownloadActions) {
    Text(stringResource(R.string.download_off))
    MainButton(stringResource(R.string.download_choose), actions.onChooseVillages, Modifier.fillMaxWidth())
    OtherButton(stringResource(R.string.go_home), actions.onHome, Modifier.fillMaxWidth())
}

@Composable
private fun Going(state: DownloadUiState.Going, onCancel: () -> Unit) {
    val formats = formats()
    // Announced only when a village is complete, not with each progress report.
    Text(
        plural(R.plurals.download_villages, state.totalVillages.toLong(), formats.count(state.doneVillages.toLong())),
        Modifier.semantics {
            heading()
            liveRegion = LiveRegionMode.Polite
        },
        style = MaterialTheme.typography.titleLarge,
    )
    val total = state.totalHouseholds
    val done = formats.count(state.doneHouseholds)
    val households = when {
        total == null -> stringResource(R.string.download_starting)
        state.isEstimate -> plural(R.plurals.download_households_about, total, done)
        else -> plural(R.plurals.download_households, total, done)
    }
    if (state.isWaiting) {
        Notice(NoticeKind.INFO, stringResource(R.string.download_waiting))
        if (total != null) Text(households)
    } else {
        Progress(state.part, households)
    }
    if (state.bytes > 0) Text(stringResource(R.string.download_bytes, formats.bytes(state.bytes)))
    state.secondsLeft?.let { Text(formats.timeLeft(it)) }
    if (!state.isWaiting) Text(stringResource(R.string.download_may_leave))
    OtherButton(stringResource(R.string.cancel), onCancel, icon = Icons.Close)
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Metered(state: DownloadUiState.Metered, actions: DownloadActions, onCancel: () -> Unit) {
    Text(
        stringResource(R.string.download_metered_question),
        Modifier.semantics { heading() },
        style = MaterialTheme.typography.titleLarge,
    )
    Notice(NoticeKind.INFO, stringResource(R.string.download_metered))
    Text(plural(R.plurals.villages, state.villages.toLong()))
    state.bytes?.let { Text(stringResource(R.string.download_metered_size, formats().bytes(it))) }
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        MainButton(stringResource(R.string.download_use_mobile_data), actions.onUseMobileData)
        OtherButton(stringResource(R.string.download_wait_for_wifi), actions.onBack)
        QuietButton(stringResource(R.string.cancel), onCancel)
    }
}

@Composable
private fun Done(state: DownloadUiState.Done, now: Long, actions: DownloadActions) {
    Notice(NoticeKind.SUCCESS, stringResource(R.string.download_done))
    Text(plural(R.plurals.villages, state.villages.size.toLong()), style = MaterialTheme.typography.titleMedium)
    Text(plural(R.plurals.households, state.households), style = MaterialTheme.typography.titleMedium)
    state.asOf?.let { Text(stringResource(R.string.home_as_of, formats().moment(it, now))) }
    MainButton(stringResource(R.string.go_home), actions.onHome, Modifier.fillMaxWidth())
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Failed(state: DownloadUiState.Failed, actions: DownloadActions, onCancel: () -> Unit) {
    Text(
        plural(R.plurals.download_villages, state.totalVillages.toLong(), formats().count(state.doneVillages.toLong())),
        Modifier.semantics { heading() },
        style = MaterialTheme.typography.titleLarge,
    )
    Notice(NoticeKind.PROBLEM, state.error.text())
    Text(stringResource(R.string.download_kept))
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        when (state.error) {
            is FieldcastException.LoginNeeded -> MainButton(stringResource(R.string.download_login), actions.onLogIn)
            is FieldcastException.ChooseAgain ->
                MainButton(stringResource(R.string.download_choose), actions.onChooseVillages)
            else -> MainButton(stringResource(R.string.try_again), actions.onRetry)
        }
        OtherButton(stringResource(R.string.cancel), onCancel)
    }
}

@Composable
private fun VillageItem(village: VillageProgress) = Column(
    Modifier.fillMaxWidth().padding(horizontal = 16.dp, vertical = 12.dp).semantics(mergeDescendants = true) {},
    Arrangement.spacedBy(4.dp),
) {
    Text(village.name, style = MaterialTheme.typography.bodyLarge)
    val formats = formats()
    when (village.stage) {
        Stage.TO_COME -> Small(stringResource(R.string.download_to_come))
        Stage.FAILED -> State(Icons.Warning, village.error?.text() ?: stringResource(R.string.download_to_come))
        Stage.DONE -> State(Icons.Done, plural(R.plurals.households, village.households))
        Stage.RUNNING -> {
            val part = village.part
            if (part != null) LinearProgressIndicator({ part }, Modifier.fillMaxWidth())
            val done = formats.count(village.households)
            Small(
                village.total?.let { plural(R.plurals.download_households, it, done) }
                    ?: plural(R.plurals.households, village.households),
            )
            if (village.bytes > 0) Small(stringResource(R.string.download_bytes, formats.bytes(village.bytes)))
        }
    }
}

@Composable
private fun State(icon: ImageVector, text: String) = Row(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
    Icon(icon, null, Modifier.size(20.dp), MaterialTheme.colorScheme.onSurfaceVariant)
    Small(text)
}

@Composable
private fun CancelDialog(onCancel: () -> Unit, onDismiss: () -> Unit) = AlertDialog(
    onDismissRequest = onDismiss,
    title = { Text(stringResource(R.string.download_cancel_question)) },
    text = { Text(stringResource(R.string.download_kept)) },
    confirmButton = {
        QuietButton(stringResource(R.string.download_cancel), {
            onDismiss()
            onCancel()
        })
    },
    dismissButton = { QuietButton(stringResource(R.string.download_go_on), onDismiss) },
)
