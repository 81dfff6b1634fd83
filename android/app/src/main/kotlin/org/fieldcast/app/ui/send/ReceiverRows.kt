package org.fieldcast.app.ui.send

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.Checkbox
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.ButtonRow
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.PhoneName
import org.fieldcast.app.ui.parts.TransferFigures
import org.fieldcast.app.ui.parts.readTogether
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.Ending

/** A phone nearby: a tap selects it, until it was selected. [isCompared] is whether the screen shows its code. */
@Composable
internal fun ReceiverRow(row: SendRow, isCompared: Boolean, actions: SendActions) =
    if (row.stage == SendStage.FOUND) {
        SelectableRow(row) { actions.onSelect(listOf(row.fingerprint), it) }
    } else {
        RowCard(Modifier, { Icon(row.stage.icon, null) }) {
            PhoneName(row.name, row.words, row.isTrusted, Modifier.readTogether())
            Details(row, isCompared, actions)
        }
    }

/** A phone that a tap selects. */
@Composable
internal fun SelectableRow(row: SendRow, onSelect: (isSelected: Boolean) -> Unit) = RowCard(
    Modifier.toggleable(row.isSelected, role = Role.Checkbox, onValueChange = onSelect),
    { Checkbox(row.isSelected, null) },
) {
    PhoneName(row.name, row.words, row.isTrusted) // as part of a check box, it is read with that
}

@Composable
private fun RowCard(modifier: Modifier, icon: @Composable () -> Unit, content: @Composable ColumnScope.() -> Unit) =
    Card(Modifier.fillMaxWidth(), colors = CardDefaults.cardColors(MaterialTheme.colorScheme.surfaceContainerLow)) {
        Row(
            modifier.fillMaxWidth().padding(12.dp),
            Arrangement.spacedBy(12.dp),
            Alignment.CenterVertically,
        ) {
            icon()
            Column(Modifier.weight(1f), Arrangement.spacedBy(4.dp), content = content)
        }
    }

@Composable
private fun Details(row: SendRow, isCompared: Boolean, actions: SendActions) {
    val ending = row.ending
    Text(if (ending != null && row.stage == SendStage.FAILED) ending.text() else stringResource(row.stage.text))
    if (row.conflicts > 0) Text(plural(R.plurals.send_conflicts, row.conflicts.toLong()))
    row.codeShown?.let { Text(stringResource(R.string.send_code_shown, it)) }
    if (row.part != null) {
        LinearProgressIndicator({ row.part }, Modifier.fillMaxWidth())
        TransferFigures(row.part, row.bytesPerSecond, row.secondsLeft)
    }
    when (row.stage) {
        SendStage.SAVED -> Unit
        SendStage.FAILED -> RowButton(R.string.try_again, R.string.send_try_one, row.name) {
            actions.onSendTo(listOf(row.fingerprint))
        }
        else -> ButtonRow {
            if (row.stage == SendStage.COMPARE && !isCompared) {
                RowButton(R.string.send_show_comparison, R.string.send_compare_one, row.name) {
                    actions.onCompare(row.fingerprint)
                }
            }
            RowButton(R.string.cancel, R.string.send_cancel_one, row.name) {
                actions.onCancel(listOf(row.fingerprint))
            }
        }
    }
}

/** A trusted phone that is not nearby: it can be queued. */
@Composable
internal fun AbsentPhoneRow(row: AbsentRow, actions: SendActions) =
    Card(Modifier.fillMaxWidth(), colors = CardDefaults.cardColors(MaterialTheme.colorScheme.surfaceContainerLow)) {
        Column(Modifier.fillMaxWidth().padding(12.dp), Arrangement.spacedBy(4.dp)) {
            val receiver = listOf(row.fingerprint)
            PhoneName(row.name, row.words, isTrusted = true, Modifier.readTogether())
            if (row.isQueued) {
                Text(stringResource(R.string.send_when_near))
                RowButton(R.string.cancel, R.string.send_cancel_one, row.name) { actions.onCancel(receiver) }
            } else {
                RowButton(R.string.send_queue, R.string.send_queue_one, row.name) { actions.onSendTo(receiver) }
            }
        }
    }

/** A button of one row. A screen reader says which phone it is about. */
@Composable
private fun RowButton(@StringRes text: Int, @StringRes description: Int, name: String, onClick: () -> Unit) {
    val described = stringResource(description, name)
    OtherButton(stringResource(text), onClick, Modifier.semantics { contentDescription = described })
}

/** Why it failed and what to do, in the user's language. */
@Composable
private fun Ending.text(): String = space?.let {
    stringResource(R.string.send_space_missing, formats().bytes(it.needed), formats().bytes(it.free))
} ?: reason.text()

private val SendStage.icon: ImageVector
    get() = when (this) {
        SendStage.SAVED -> Icons.Done
        SendStage.FAILED, SendStage.LOST -> Icons.Warning
        SendStage.COMPARE, SendStage.CONFIRMING -> Icons.Trust
        SendStage.QUEUED, SendStage.AWAITED -> Icons.History
        else -> Icons.Send
    }

@get:StringRes
private val SendStage.text: Int
    get() = when (this) {
        SendStage.COMPARE -> R.string.stage_compare
        SendStage.LOST -> R.string.stage_lost
        SendStage.SENDING -> R.string.stage_sending
        SendStage.APPLYING -> R.string.stage_applying
        SendStage.AGREEING -> R.string.stage_agreeing
        SendStage.CONFIRMING -> R.string.stage_confirming
        SendStage.ASKING -> R.string.stage_asking
        SendStage.CONNECTING -> R.string.stage_connecting
        SendStage.QUEUED -> R.string.stage_queued
        SendStage.AWAITED -> R.string.send_when_near
        SendStage.FAILED -> R.string.stage_failed
        SendStage.FOUND -> R.string.stage_found
        SendStage.SAVED -> R.string.stage_saved
    }
