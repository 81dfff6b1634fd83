package org.fieldcast.app.ui.history

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.ListItem
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.parts.SectionTitle
import org.fieldcast.app.ui.parts.TitledCard
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** Past exchanges, the newest first. [state] is none until it was read; [now] is in milliseconds since 1970. */
@Composable
fun HistoryScreen(
    state: HistoryUiState?,
    error: FieldcastException?,
    now: Long,
    onOpen: (HistoryRow) -> Unit,
    onBack: () -> Unit,
) = Screen(stringResource(R.string.history), onBack) { padding ->
    LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
        item("top", "top") {
            Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
                if (error != null) Notice(NoticeKind.PROBLEM, error.text())
                when {
                    state == null -> CircularProgressIndicator()
                    state.exchanges.isEmpty() -> Text(stringResource(R.string.history_empty))
                }
            }
        }
        if (state == null) return@LazyColumn
        if (state.spread.isNotEmpty()) {
            item("spread title", "title") { SectionTitle(stringResource(R.string.history_spread_title)) }
            items(state.spread, { "spread ${it.key}" }, { "spread" }) { SpreadRow(it) }
            item("exchanges title", "title") { SectionTitle(stringResource(R.string.history_exchanges_title)) }
        }
        items(state.exchanges, { it.index }, { "exchange" }) { ExchangeRow(it, now) { onOpen(it) } }
    }
}

@Composable
private fun SpreadRow(line: SpreadLine) = ListItem(
    headlineContent = { Text(line.village) },
    supportingContent = { Text(plural(R.plurals.history_spread, line.phones, formats().count(line.current))) },
)

@Composable
private fun ExchangeRow(row: HistoryRow, now: Long, onOpen: () -> Unit) {
    ListItem(
        headlineContent = { Text(row.title()) },
        supportingContent = {
            Column {
                Text(formats().moment(row.started, now))
                Text(row.amount())
                Text(
                    stringResource(if (row.isSaved) R.string.history_saved else R.string.history_not_saved),
                    color = if (row.isSaved) MaterialTheme.colorScheme.primary else MaterialTheme.colorScheme.error,
                )
            }
        },
        leadingContent = { Icon(if (row.isSent) Icons.Send else Icons.Receive, null) },
        trailingContent = { Icon(if (row.isSaved) Icons.Done else Icons.Warning, null) },
        modifier = Modifier.clickable(onClick = onOpen),
    )
    HorizontalDivider()
}

/** One past exchange. */
@Composable
fun ExchangeScreen(row: HistoryRow, now: Long, onBack: () -> Unit) = ScrollingScreen(row.title(), onBack) {
    val failure = row.failure
    if (failure == null) {
        Notice(NoticeKind.SUCCESS, stringResource(R.string.history_saved))
    } else {
        Notice(NoticeKind.PROBLEM, failure.text())
    }
    val formats = formats()
    Text(stringResource(R.string.history_started, formats.moment(row.started, now)))
    Text(stringResource(R.string.history_ended, formats.moment(row.ended, now)))
    Text(stringResource(R.string.history_transferred, formats.bytes(row.bytes)))
    if (row.keptNewer > 0) Text(plural(R.plurals.history_kept_newer, row.keptNewer))
    if (row.isConfirmed && row.isSent) Text(stringResource(R.string.history_confirmed))
    TitledCard(plural(R.plurals.villages, row.villages.size.toLong()), icon = Icons.Villages) {
        for (village in row.villages) {
            Column {
                Text(village.name, style = MaterialTheme.typography.titleSmall)
                Text(plural(R.plurals.households, village.households))
                if (village.asOf > 0) Text(stringResource(R.string.home_as_of, formats.moment(village.asOf, now)))
            }
        }
    }
}

@Composable
private fun HistoryRow.title() =
    stringResource(if (isSent) R.string.history_sent_to else R.string.history_received_from, peer)

@Composable
private fun HistoryRow.amount() = stringResource(
    R.string.history_amount,
    plural(R.plurals.villages, villages.size.toLong()),
    plural(R.plurals.households, households),
    formats().bytes(bytes),
)
