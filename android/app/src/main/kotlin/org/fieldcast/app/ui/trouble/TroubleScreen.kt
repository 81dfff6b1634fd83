package org.fieldcast.app.ui.trouble

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.text.selection.SelectionContainer
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
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

/** What the screen of checks can do. */
data class TroubleActions(
    val onBack: () -> Unit,
    val onRemedy: (Remedy) -> Unit,
    val onCheckAgain: () -> Unit,
    val onCheckData: () -> Unit,
    val onDiagnostics: () -> Unit,
    val onSettings: () -> Unit,
)

/** What keeps this phone from sending and receiving, with what helps. [state] is none until the first look. */
@Composable
fun TroubleScreen(state: TroubleUiState?, actions: TroubleActions) =
    ScrollingScreen(stringResource(R.string.trouble), actions.onBack) {
        if (state == null) {
            Progress(null, stringResource(R.string.trouble_checking))
            return@ScrollingScreen
        }
        state.engineError?.let { error ->
            Notice(NoticeKind.PROBLEM, error.text()) {
                OtherButton(stringResource(R.string.settings), actions.onSettings)
            }
        }
        state.problems.forEach { Problem(it, actions.onRemedy) }
        Summary(state)
        OtherButton(stringResource(R.string.trouble_again), actions.onCheckAgain, isEnabled = !state.isChecking)
        DataCard(state.data, actions.onCheckData)
        TitledCard(stringResource(R.string.trouble_share_title), icon = Icons.Share) {
            Text(stringResource(R.string.trouble_share_explained))
            OtherButton(stringResource(R.string.trouble_share_show), actions.onDiagnostics)
        }
        Text(
            stringResource(R.string.trouble_fine_title),
            Modifier.semantics { heading() },
            style = MaterialTheme.typography.titleMedium,
        )
        state.fine.forEach { Fine(it) }
    }

@Composable
private fun Summary(state: TroubleUiState) {
    val serious = state.problems.count { it.severity == Severity.PROBLEM }
    when {
        state.isChecking -> Progress(null, stringResource(R.string.trouble_checking))
        serious > 0 -> Text(plural(R.plurals.trouble_problems, serious.toLong()))
        state.engineError == null -> Notice(NoticeKind.SUCCESS, stringResource(R.string.trouble_no_problems))
    }
}

@Composable
private fun Problem(row: CheckRow, onRemedy: (Remedy) -> Unit) {
    val isSerious = row.severity == Severity.PROBLEM
    val colors = MaterialTheme.colorScheme
    val cardColors = if (isSerious) {
        CardDefaults.cardColors(colors.errorContainer, colors.onErrorContainer)
    } else {
        CardDefaults.cardColors(colors.tertiaryContainer, colors.onTertiaryContainer)
    }
    Card(Modifier.fillMaxWidth(), colors = cardColors) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Row(horizontalArrangement = Arrangement.spacedBy(12.dp)) {
                val label = stringResource(if (isSerious) R.string.trouble_problem else R.string.trouble_hint)
                Icon(if (isSerious) Icons.Warning else Icons.Info, label)
                Text(
                    stringResource(row.topic.titleId),
                    Modifier.weight(1f).semantics { heading() },
                    style = MaterialTheme.typography.titleMedium,
                )
            }
            Text(stringResource(row.topic.problemId))
            row.remedy?.let { remedy -> MainButton(stringResource(remedy.textId), { onRemedy(remedy) }) }
        }
    }
}

@Composable
private fun Fine(row: CheckRow) =
    Row(Modifier.semantics(mergeDescendants = true) {}, Arrangement.spacedBy(12.dp)) {
        Icon(Icons.Done, stringResource(R.string.trouble_ok), tint = MaterialTheme.colorScheme.primary)
        Column(Modifier.weight(1f)) {
            Text(stringResource(row.topic.titleId), style = MaterialTheme.typography.titleSmall)
            Text(stringResource(row.topic.okId), style = MaterialTheme.typography.bodyMedium)
        }
    }

@Composable
private fun DataCard(data: DataCheck, onCheck: () -> Unit) =
    TitledCard(stringResource(R.string.trouble_data_title), icon = Icons.Villages) {
        when (data) {
            DataCheck.Off -> Text(stringResource(R.string.trouble_data_explained))
            is DataCheck.Running -> {
                val part = data.done.toFloat() / maxOf(data.total, 1)
                val progress = plural(R.plurals.trouble_data_progress, data.total.toLong(), data.done)
                Progress(part, progress)
            }
            is DataCheck.Done -> DataResult(data)
            is DataCheck.Failed -> Notice(NoticeKind.PROBLEM, data.error.text())
        }
        if (data !is DataCheck.Running) OtherButton(stringResource(R.string.trouble_data_check), onCheck)
    }

@Composable
private fun DataResult(data: DataCheck.Done) {
    if (data.dropped > 0u) {
        Notice(NoticeKind.PROBLEM, plural(R.plurals.trouble_data_dropped, data.dropped))
    } else {
        Notice(NoticeKind.SUCCESS, plural(R.plurals.trouble_data_fine, data.records))
    }
    if (data.repaired > 0u) Text(plural(R.plurals.trouble_data_repaired, data.repaired))
}

/** The diagnostics, to read before they are shared. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun DiagnosticsScreen(text: String, onShare: () -> Unit, onBack: () -> Unit) =
    ScrollingScreen(stringResource(R.string.trouble_share_title), onBack) {
        Text(stringResource(R.string.trouble_share_private), Modifier.semantics { liveRegion = LiveRegionMode.Polite })
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            MainButton(stringResource(R.string.trouble_share), onShare, icon = Icons.Share)
            OtherButton(stringResource(R.string.cancel), onBack)
        }
        SelectionContainer {
            // The report is in English.
            val plain = MaterialTheme.typography.bodySmall
            val style = plain.copy(textAlign = TextAlign.Left, textDirection = TextDirection.Ltr)
            Column { text.lines().forEach { Text(it, Modifier.fillMaxWidth(), style = style) } }
        }
    }
