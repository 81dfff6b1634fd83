package org.fieldcast.app.ui.lookup

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.selection.selectable
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.ListItem
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.state.key
import org.fieldcast.app.state.unambiguous
import org.fieldcast.app.ui.folded
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.SearchField
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException

/** What the list of households can do. */
data class LookUpActions(
    val onBack: () -> Unit,
    val onSearch: (String) -> Unit,
    val onPickVillage: () -> Unit,
    val onOpen: (HouseholdEntry) -> Unit,
    val onEdits: () -> Unit,
)

/** The households of a village or of all, with a search. [state] is none until the data on this phone is known. */
@Composable
fun LookUpScreen(state: LookUpUiState?, error: FieldcastException?, unsent: Int, actions: LookUpActions) =
    Screen(stringResource(R.string.lookup_title), actions.onBack) { padding ->
        if (state == null) {
            Column(Modifier.fillMaxWidth().padding(padding).padding(16.dp)) { CircularProgressIndicator() }
        } else {
            Households(state, error, unsent, actions, padding)
        }
    }

@Composable
private fun Households(
    state: LookUpUiState,
    error: FieldcastException?,
    unsent: Int,
    actions: LookUpActions,
    padding: PaddingValues,
) = LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
    item("top", "top") {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) { Top(state, error, unsent, actions) }
    }
    items(state.found, { unambiguous(listOf(it.dataset.key, it.root)) }, { "household" }) {
        HouseholdRow(it, actions.onOpen)
    }
}

@Composable
private fun Top(state: LookUpUiState, error: FieldcastException?, unsent: Int, actions: LookUpActions) {
    if (error != null) Notice(NoticeKind.PROBLEM, error.text())
    OwnEditNotices(state.problems, unsent, actions.onEdits)
    if (state.villages.isEmpty()) {
        Text(stringResource(R.string.lookup_no_villages))
        return
    }
    val chosen = state.chosen?.name ?: stringResource(R.string.lookup_all_villages)
    if (state.villages.size > 1) {
        OtherButton(stringResource(R.string.lookup_village, chosen), actions.onPickVillage, icon = Icons.Villages)
    } else {
        Text(stringResource(R.string.lookup_in_village, state.villages.single().name))
    }
    SearchField(stringResource(R.string.lookup_search), state.query, actions.onSearch)
    val households = plural(R.plurals.households, state.households.toLong())
    Text(stringResource(R.string.lookup_here, households, plural(R.plurals.lookup_people, state.people.toLong())))
    if (state.isReading) Progress(state.part, stringResource(R.string.lookup_reading))
    Result(state)
}

/** How many were found, or why none. */
@Composable
private fun Result(state: LookUpUiState) {
    val text = when {
        state.query.isBlank() && (state.found.isNotEmpty() || state.isReading) -> return
        state.query.isBlank() -> stringResource(R.string.lookup_no_households)
        state.found.isNotEmpty() -> plural(R.plurals.lookup_found, state.found.size.toLong())
        state.isReading -> return
        else -> stringResource(R.string.lookup_nothing_found)
    }
    Text(text, Modifier.semantics { liveRegion = LiveRegionMode.Polite }, style = MaterialTheme.typography.titleSmall)
}

@Composable
private fun OwnEditNotices(problems: OwnEditCounts, unsent: Int, onEdits: () -> Unit) {
    val text = when {
        problems.conflicts > 0 -> plural(R.plurals.lookup_conflicts, problems.conflicts.toLong())
        problems.lost > 0 -> plural(R.plurals.lookup_lost, problems.lost.toLong())
        unsent > 0 -> plural(R.plurals.lookup_edits, unsent.toLong())
        else -> return
    }
    val kind = if (problems == OwnEditCounts()) NoticeKind.INFO else NoticeKind.PROBLEM
    Notice(kind, text) { OtherButton(stringResource(R.string.lookup_edits_open), onEdits) }
}

@Composable
private fun HouseholdRow(entry: HouseholdEntry, onOpen: (HouseholdEntry) -> Unit) {
    val people = plural(R.plurals.lookup_people, entry.people.size.toLong())
    ListItem(
        headlineContent = { Text(entry.name ?: stringResource(R.string.lookup_nobody)) },
        supportingContent = { Text(stringResource(R.string.lookup_people_in_village, people, entry.village)) },
        trailingContent = { Icon(Icons.Forward, null) },
        modifier = Modifier.clickable { onOpen(entry) },
    )
    HorizontalDivider()
}

/** Chooses a village, or all. */
@Composable
fun VillagePickerScreen(
    villages: List<LookUpVillage>,
    chosen: Dataset?,
    onChoose: (Dataset?) -> Unit,
    onBack: () -> Unit,
) =
    Screen(stringResource(R.string.lookup_choose_village), onBack) { padding ->
        var query by rememberSaveable { mutableStateOf("") }
        val names = remember(villages) { villages.map { it.name.folded() } }
        val shown = remember(villages, query) {
            val wanted = query.trim().folded()
            villages.filterIndexed { index, _ -> wanted in names[index] }
        }
        LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
            item("search", "search") {
                Column(Modifier.padding(16.dp)) {
                    SearchField(stringResource(R.string.lookup_search_villages), query) { query = it }
                }
            }
            if (query.isBlank()) {
                item("all", "village") {
                    VillageRow(stringResource(R.string.lookup_all_villages), null, chosen == null) { onChoose(null) }
                }
            }
            items(shown, { it.dataset.key }, { "village" }) { village ->
                VillageRow(village.name, village.households, chosen == village.dataset) { onChoose(village.dataset) }
            }
        }
    }

@Composable
private fun VillageRow(name: String, households: Long?, isChosen: Boolean, onChoose: () -> Unit) = ListItem(
    headlineContent = { Text(name) },
    supportingContent = households?.let { { Text(plural(R.plurals.households, it)) } },
    leadingContent = { RadioButton(isChosen, null) },
    modifier = Modifier.selectable(isChosen, role = Role.RadioButton, onClick = onChoose),
)
