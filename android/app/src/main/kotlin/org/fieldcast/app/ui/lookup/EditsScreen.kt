package org.fieldcast.app.ui.lookup

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
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
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.LARGE_FONT
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.LostEdit

/** What the list of own edits can do. */
data class EditsActions(val onBack: () -> Unit, val onOpen: (OwnEdit) -> Unit, val onLostSeen: () -> Unit)

/** Own edits that were not sent, conflicts first, and edits that may be lost. [edits] is none until they are read. */
@Composable
fun EditsScreen(
    edits: List<OwnEdit>?,
    lost: List<LostEdit>,
    error: FieldcastException?,
    now: Long,
    actions: EditsActions,
) = Screen(stringResource(R.string.lookup_edits_title), actions.onBack) { padding ->
    LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
        item("top", "top") {
            Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
                if (error != null) Notice(NoticeKind.PROBLEM, error.text())
                if (lost.isNotEmpty()) LostEdits(lost, actions.onLostSeen)
                when {
                    edits == null -> CircularProgressIndicator()
                    edits.isEmpty() -> Text(stringResource(R.string.lookup_no_edits))
                    else -> Text(stringResource(R.string.lookup_edits_explained))
                }
            }
        }
        items(edits.orEmpty(), { it.key }, { "edit" }) { EditRow(it, now) { actions.onOpen(it) } }
    }
}

@Composable
private fun LostEdits(lost: List<LostEdit>, onSeen: () -> Unit) =
    Notice(NoticeKind.PROBLEM, plural(R.plurals.lookup_lost, lost.size.toLong())) {
        for ((entity, edits) in lost.groupBy { it.entity }) {
            Text(stringResource(R.string.lookup_entity_of, entityText(entity), formats().count(edits.size.toLong())))
        }
        OtherButton(stringResource(R.string.lookup_lost_seen), onSeen)
    }

@Composable
private fun EditRow(edit: OwnEdit, now: Long, onOpen: () -> Unit) {
    val at = formats().moment(edit.status.edit.editedAt, now)
    ListItem(
        headlineContent = { Text(edit.title()) },
        supportingContent = {
            Column {
                Text(stringResource(R.string.lookup_kind_at, stringResource(edit.kind.textId), at))
                if (edit.status.baseMoved) {
                    Text(stringResource(R.string.lookup_conflict), color = MaterialTheme.colorScheme.error)
                }
            }
        },
        leadingContent = { if (edit.status.baseMoved) Icon(Icons.Warning, null) },
        trailingContent = { Icon(Icons.Forward, null) },
        modifier = Modifier.clickable(onClick = onOpen),
    )
    HorizontalDivider()
}

/** What a conflict or edit can do. */
data class EditActions(val onBack: () -> Unit, val onKeepMine: () -> Unit)

/** One own edit beside the server's version, field by field. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun EditScreen(edit: OwnEdit, now: Long, actions: EditActions) = ScrollingScreen(edit.title(), actions.onBack) {
    val at = formats().moment(edit.status.edit.editedAt, now)
    Text(stringResource(R.string.lookup_kind_at, stringResource(edit.kind.textId), at))
    if (edit.status.baseMoved) Notice(NoticeKind.PROBLEM, stringResource(R.string.lookup_conflict_explained))
    if (edit.kind == EditKind.DELETED) Text(stringResource(R.string.lookup_deleted_by_you))
    if (edit.isDeletedOnServer) Text(stringResource(R.string.lookup_deleted_on_server))
    if (edit.differences.isEmpty()) Text(stringResource(R.string.lookup_same))
    edit.differences.forEach { Compared(it) }
    if (edit.status.baseMoved) {
        FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            MainButton(stringResource(R.string.lookup_keep_mine), actions.onKeepMine)
            OtherButton(stringResource(R.string.lookup_leave), actions.onBack)
        }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Compared(difference: Difference) = Column(verticalArrangement = Arrangement.spacedBy(4.dp)) {
    Text(fieldText(difference.field), Modifier.semantics { heading() }, style = MaterialTheme.typography.titleSmall)
    // Beside each other, but below each other if half a row is too narrow for a long word.
    val columns = if (LocalDensity.current.fontScale > LARGE_FONT) 1 else 2
    FlowRow(
        horizontalArrangement = Arrangement.spacedBy(16.dp),
        verticalArrangement = Arrangement.spacedBy(4.dp),
        maxItemsInEachRow = columns,
    ) {
        Version(stringResource(R.string.lookup_mine), difference.mine, Modifier.weight(1f))
        Version(stringResource(R.string.lookup_server), difference.server, Modifier.weight(1f))
    }
    HorizontalDivider()
}

@Composable
private fun Version(title: String, value: String?, modifier: Modifier) =
    Column(modifier.semantics(mergeDescendants = true) {}) {
        Text(title, style = MaterialTheme.typography.labelMedium, color = MaterialTheme.colorScheme.onSurfaceVariant)
        Text(value?.let { valueText(it) } ?: stringResource(R.string.lookup_no_value))
    }

@Composable
private fun OwnEdit.title(): String {
    val entity = entityText(status.edit.entity)
    return if (person == null) entity else stringResource(R.string.lookup_entity_of, entity, person)
}

private val EditKind.textId: Int
    get() = when (this) {
        EditKind.ADDED -> R.string.lookup_kind_added
        EditKind.CHANGED -> R.string.lookup_kind_changed
        EditKind.DELETED -> R.string.lookup_kind_deleted
    }
