package org.fieldcast.app.ui.villages

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.WindowInsets
import androidx.compose.foundation.layout.WindowInsetsSides
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.only
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.safeDrawing
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.layout.windowInsetsPadding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.lazy.rememberLazyListState
import androidx.compose.foundation.selection.triStateToggleable
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.material3.TriStateCheckbox
import androidx.compose.runtime.Composable
import androidx.compose.runtime.key
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.state.ToggleableState
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.SearchField
import org.fieldcast.app.ui.parts.Small
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** Lets the user choose villages to download. */
@Composable
fun VillagesScreen(state: VillagesUiState, now: Long, actions: VillagesActions) = Screen(
    stringResource(R.string.villages_title),
    actions.onBack,
    bottom = { if (state.selected > 0) DownloadBar(state, actions) },
) { padding ->
    // A new list begins at its top.
    val position = key(state.path.lastOrNull()?.code, state.search.isEmpty()) { rememberLazyListState() }
    LazyColumn(Modifier.fillMaxSize(), position, padding + PaddingValues(vertical = 8.dp)) {
        item("head", "head") { Head(state, actions) }
        state.all?.let { all ->
            item("all", "all") {
                AllRow(all, actions)
                HorizontalDivider()
            }
        }
        items(state.rows, { "row ${it.code}" }, { if (it.isVillage) "village" else "area" }) { row ->
            if (row.isVillage) VillageItem(row, now, actions) else AreaItem(row, actions)
            HorizontalDivider()
        }
    }
}

private operator fun PaddingValues.plus(other: PaddingValues) = PaddingValues(
    top = calculateTopPadding() + other.calculateTopPadding(),
    bottom = calculateBottomPadding() + other.calculateBottomPadding(),
)

@Composable
private fun Head(state: VillagesUiState, actions: VillagesActions) =
    Column(Modifier.padding(horizontal = 16.dp), Arrangement.spacedBy(8.dp)) {
        if (state.projectName.isNotEmpty()) Project(state.projectName, actions)
        if (state.isLoading) {
            val label = stringResource(R.string.villages_loading)
            LinearProgressIndicator(Modifier.fillMaxWidth().semantics { contentDescription = label })
            if (!state.hasList) Text(label)
        }
        state.error?.let { error ->
            val isOldList = state.hasList && error is FieldcastException.Offline
            val text = if (isOldList) stringResource(R.string.villages_offline) else error.text()
            Notice(if (isOldList) NoticeKind.INFO else NoticeKind.PROBLEM, text) {
                OtherButton(stringResource(R.string.try_again), actions.onRetry)
            }
        }
        if (state.hasList) {
            SearchField(stringResource(R.string.villages_search), state.search, actions.onSearch)
            when {
                state.search.isBlank() -> Path(state.path, actions)
                state.rows.isEmpty() -> Text(stringResource(R.string.villages_none_found))
            }
        }
    }

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Project(name: String, actions: VillagesActions) =
    FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp), itemVerticalAlignment = Alignment.CenterVertically) {
        Text(name, style = MaterialTheme.typography.titleMedium)
        QuietButton(stringResource(R.string.villages_other_project), actions.onOtherProject)
    }

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun Path(path: List<Crumb>, actions: VillagesActions) {
    if (path.isEmpty()) return
    FlowRow(itemVerticalAlignment = Alignment.CenterVertically) {
        QuietButton(stringResource(R.string.villages_top), { actions.onOpen(null) })
        path.forEachIndexed { index, crumb ->
            Icon(Icons.Forward, null, Modifier.size(16.dp))
            if (index < path.lastIndex) {
                QuietButton(crumb.name, { actions.onOpen(crumb.code) })
            } else {
                Text(crumb.name, Modifier.padding(horizontal = 12.dp))
            }
        }
    }
}

/** Selects everything in the shown boundary. */
@Composable
private fun AllRow(row: VillageRow, actions: VillagesActions) = ToggleRow(row, actions) {
    Text(stringResource(R.string.villages_all_of, row.name), style = MaterialTheme.typography.titleSmall)
    AreaCounts(row)
}

@Composable
private fun VillageItem(row: VillageRow, now: Long, actions: VillagesActions) = ToggleRow(row, actions) {
    Text(row.name, style = MaterialTheme.typography.bodyLarge)
    row.parent?.let { Small(it) }
    when {
        row.isUnfinished -> Small(stringResource(R.string.villages_unfinished))
        row.asOf != null -> Row(horizontalArrangement = Arrangement.spacedBy(4.dp)) {
            Icon(Icons.Done, null, Modifier.size(16.dp))
            Small(stringResource(R.string.villages_here, formats().moment(row.asOf, now)))
        }
    }
}

/** Selects the rest of a boundary that is selected in part. */
private fun VillagesActions.toggle(row: VillageRow) = onSelect(row.code, row.check != ToggleableState.On)

/** A row that is one check box, so that a screen reader says all of it at once. */
@Composable
private fun ToggleRow(row: VillageRow, actions: VillagesActions, content: @Composable ColumnScope.() -> Unit) = Row(
    Modifier.fillMaxWidth()
        .triStateToggleable(row.check, role = Role.Checkbox) { actions.toggle(row) }
        .heightIn(min = 56.dp)
        .padding(horizontal = 16.dp, vertical = 8.dp),
    Arrangement.spacedBy(16.dp),
    Alignment.CenterVertically,
) {
    TriStateCheckbox(row.check, null)
    Column(Modifier.weight(1f), content = content)
}

@Composable
private fun AreaItem(row: VillageRow, actions: VillagesActions) =
    Row(Modifier.fillMaxWidth().padding(start = 4.dp), verticalAlignment = Alignment.CenterVertically) {
        val label = stringResource(R.string.villages_all_of, row.name)
        TriStateCheckbox(
            row.check,
            { actions.toggle(row) },
            Modifier.semantics { contentDescription = label },
        )
        Row(
            Modifier.weight(1f).clickable { actions.onOpen(row.code) }.heightIn(min = 56.dp)
                .padding(start = 4.dp, end = 16.dp, top = 8.dp, bottom = 8.dp),
            Arrangement.spacedBy(8.dp),
            Alignment.CenterVertically,
        ) {
            Column(Modifier.weight(1f)) {
                Text(row.name, style = MaterialTheme.typography.bodyLarge)
                row.parent?.let { Small(it) }
                AreaCounts(row)
            }
            Icon(Icons.Forward, null)
        }
    }

@Composable
private fun AreaCounts(row: VillageRow) {
    if (row.selected == 0) {
        Small(plural(R.plurals.villages, row.total.toLong()))
    } else {
        Small(plural(R.plurals.villages_selected, row.total.toLong(), formats().count(row.selected.toLong())))
    }
    if (row.here > 0) Small(plural(R.plurals.villages_here_count, row.here.toLong()))
}

private val BAR_SIDES = WindowInsetsSides.Horizontal + WindowInsetsSides.Bottom

@Composable
private fun DownloadBar(state: VillagesUiState, actions: VillagesActions) =
    Surface(color = MaterialTheme.colorScheme.surfaceContainer) {
        Column(
            Modifier.fillMaxWidth()
                .windowInsetsPadding(WindowInsets.safeDrawing.only(BAR_SIDES))
                .padding(horizontal = 16.dp, vertical = 8.dp),
            Arrangement.spacedBy(4.dp),
        ) {
            state.size?.let { Size(it) }
            val download = plural(R.plurals.villages_download, state.selected.toLong())
            MainButton(download, actions.onDownload, Modifier.fillMaxWidth(), Icons.Download)
        }
    }

@Composable
private fun Size(size: SizeEstimate) {
    val formats = formats()
    val free = formats.bytes(size.free)
    val needed = size.bytes
    val text = when {
        needed == null -> stringResource(R.string.villages_size_unknown, free)
        needed == 0L -> stringResource(R.string.villages_size_none, free)
        else -> stringResource(R.string.villages_size, formats.bytes(needed), free)
    }
    if (size.isTooBig) {
        Row(horizontalArrangement = Arrangement.spacedBy(8.dp), verticalAlignment = Alignment.CenterVertically) {
            Icon(Icons.Warning, null, tint = MaterialTheme.colorScheme.error)
            Column {
                Small(text)
                Text(
                    stringResource(R.string.villages_too_big),
                    color = MaterialTheme.colorScheme.error,
                    style = MaterialTheme.typography.bodyMedium,
                )
            }
        }
    } else {
        Small(text)
    }
}
