package org.fieldcast.app.ui.home

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.ListItem
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.state.EngineState
import org.fieldcast.app.state.Stored
import org.fieldcast.app.ui.download.DownloadSummary
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.parts.TitledCard
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text

/** Where the home screen leads. */
data class HomeActions(
    val onDownload: () -> Unit,
    val onSend: () -> Unit,
    val onReceive: () -> Unit,
    val onLookUp: () -> Unit,
    val onHistory: () -> Unit,
    val onTrusted: () -> Unit,
    val onTrouble: () -> Unit,
    val onSettings: () -> Unit,
    val onRetryOpening: () -> Unit,
)

@Composable
fun HomeScreen(
    engine: EngineState,
    stored: Stored?,
    now: Long,
    actions: HomeActions,
    download: DownloadSummary? = null,
) = ScrollingScreen(stringResource(R.string.app_name)) {
    if (engine is EngineState.Failed) {
        Notice(NoticeKind.PROBLEM, engine.error.text()) {
            OtherButton(stringResource(R.string.try_again), actions.onRetryOpening)
        }
    }
    TitledCard(stringResource(R.string.home_village_data), icon = Icons.Villages) {
        VillageData(stored, now, actions, download)
    }
    TitledCard(stringResource(R.string.home_share_data), icon = Icons.Phones) { ShareData(stored, actions) }
    Link(Icons.History, stringResource(R.string.history), actions.onHistory)
    Link(Icons.Trust, stringResource(R.string.trusted_phones), actions.onTrusted)
    Link(Icons.Help, stringResource(R.string.trouble), actions.onTrouble)
    Link(Icons.Settings, stringResource(R.string.settings), actions.onSettings)
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun VillageData(stored: Stored?, now: Long, actions: HomeActions, download: DownloadSummary?) {
    val hasVillages = stored?.villages?.isNotEmpty() == true
    when {
        stored == null -> CircularProgressIndicator()
        !hasVillages -> Text(stringResource(R.string.home_no_villages))
        else -> {
            Text(plural(R.plurals.villages, stored.villages.size.toLong()))
            Text(plural(R.plurals.households, stored.households))
            stored.asOf?.let { Text(stringResource(R.string.home_as_of, formats().moment(it, now))) }
        }
    }
    when (download) {
        is DownloadSummary.Going -> Download(download)
        DownloadSummary.WaitingForWifi -> Notice(NoticeKind.INFO, stringResource(R.string.home_download_wifi))
        DownloadSummary.Stopped -> Notice(NoticeKind.PROBLEM, stringResource(R.string.home_download_stopped))
        null -> Unit
    }
    stored?.problems(download != null)?.forEach { Notice(NoticeKind.PROBLEM, it) }
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
        MainButton(stringResource(R.string.home_download), actions.onDownload, icon = Icons.Download)
        if (hasVillages) OtherButton(stringResource(R.string.home_look_up), actions.onLookUp, icon = Icons.Search)
    }
}

@Composable
private fun Download(download: DownloadSummary.Going) {
    if (download.isWaiting) {
        Text(stringResource(R.string.home_download_waiting))
    } else {
        val text = plural(R.plurals.home_downloading, download.total.toLong(), formats().count(download.done.toLong()))
        Progress(download.done.toFloat() / maxOf(download.total, 1), text)
    }
}

@Composable
private fun Stored.problems(isDownloading: Boolean): List<String> = listOfNotNull(
    datasets.count { it.unfinished != null && !isDownloading }.takeIf { it > 0 }
        ?.let { plural(R.plurals.home_unfinished, it.toLong()) },
    conflicts.size.takeIf { it > 0 }?.let { plural(R.plurals.home_conflicts, it.toLong()) },
    lostEdits.size.takeIf { it > 0 }?.let { plural(R.plurals.home_lost_edits, it.toLong()) },
    recovery?.let { stringResource(R.string.home_recovered) },
)

@Composable
private fun ShareData(stored: Stored?, actions: HomeActions) {
    Text(stringResource(R.string.home_share_explained))
    val (wide, hasVillages) = Modifier.fillMaxWidth() to (stored?.villages?.isNotEmpty() == true)
    MainButton(stringResource(R.string.send_data), actions.onSend, wide, Icons.Send, isEnabled = hasVillages)
    MainButton(stringResource(R.string.receive_data), actions.onReceive, wide, Icons.Receive, stored != null)
}

@Composable
private fun Link(icon: ImageVector, text: String, onClick: () -> Unit) {
    ListItem(
        headlineContent = { Text(text) },
        leadingContent = { Icon(icon, null) },
        trailingContent = { Icon(Icons.Forward, null) },
        modifier = Modifier.clickable(onClick = onClick),
    )
    HorizontalDivider()
}
