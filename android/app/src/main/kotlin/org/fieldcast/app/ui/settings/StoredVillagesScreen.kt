package org.fieldcast.app.ui.settings

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.ListItem
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.state.key
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** What the list of villages can do. */
data class StoredVillagesActions(
    val onBack: () -> Unit,
    val onUndo: (VillageData) -> Unit,
    val onRemove: (VillageData) -> Unit,
)

/** The villages on this phone, with their size and source. [unsent] says why the last one was not removed. */
@Composable
fun StoredVillagesScreen(
    villages: List<VillageData>,
    unsent: Long?,
    error: FieldcastException?,
    now: Long,
    actions: StoredVillagesActions,
) = Screen(stringResource(R.string.settings_villages), actions.onBack) { padding ->
    LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
        item("top", "top") {
            Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
                if (error != null) Notice(NoticeKind.PROBLEM, error.text())
                if (unsent != null) Notice(NoticeKind.PROBLEM, plural(R.plurals.settings_unsent, unsent))
                if (villages.isEmpty()) Text(stringResource(R.string.lookup_no_villages))
            }
        }
        items(villages, { it.dataset.key }, { "village" }) { VillageRow(it, now, actions) }
    }
}

@OptIn(ExperimentalLayoutApi::class)
@Composable
private fun VillageRow(village: VillageData, now: Long, actions: StoredVillagesActions) {
    val households = plural(R.plurals.households, village.households)
    ListItem(
        headlineContent = { Text(village.name) },
        supportingContent = {
            Column {
                Text(stringResource(R.string.settings_village_size, households, formats().bytes(village.bytes)))
                village.sources.forEach { Text(it.text(now)) }
                FlowRow(horizontalArrangement = Arrangement.spacedBy(8.dp)) {
                    if (village.canUndo) {
                        val label = stringResource(R.string.settings_undo_named, village.name)
                        QuietButton(
                            stringResource(R.string.settings_undo),
                            { actions.onUndo(village) },
                            Modifier.semantics { contentDescription = label },
                        )
                    }
                    val label = stringResource(R.string.settings_remove_named, village.name)
                    QuietButton(
                        stringResource(R.string.settings_remove),
                        { actions.onRemove(village) },
                        Modifier.semantics { contentDescription = label },
                    )
                }
            }
        },
    )
    HorizontalDivider()
}

@Composable
private fun Source.text(now: Long): String {
    val moment = formats().moment(asOf, now)
    return when {
        sender == null && asOf > 0 -> stringResource(R.string.settings_downloaded, moment)
        sender == null -> stringResource(R.string.settings_downloaded_partly)
        downloader != null && asOf > 0 -> stringResource(R.string.settings_received_by, sender, downloader, moment)
        asOf > 0 -> stringResource(R.string.settings_received, sender, moment)
        else -> stringResource(R.string.settings_received_partly, sender)
    }
}

/** The libraries of this app. */
@Composable
fun LicencesScreen(libraries: List<Library>, onBack: () -> Unit) =
    Screen(stringResource(R.string.settings_licences), onBack) { padding ->
        LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
            item("own", "own") { Text(stringResource(R.string.settings_licence_own), Modifier.padding(16.dp)) }
            items(libraries, { "${it.name}: ${it.licence}" }, { "library" }) { library ->
                ListItem(headlineContent = { Text(library.name) }, supportingContent = { Text(library.licence) })
            }
        }
    }
