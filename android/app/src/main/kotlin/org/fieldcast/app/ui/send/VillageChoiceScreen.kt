package org.fieldcast.app.ui.send

import androidx.activity.compose.BackHandler
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.selection.toggleable
import androidx.compose.material3.Checkbox
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.Saver
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import java.util.BitSet
import org.fieldcast.app.R
import org.fieldcast.app.ui.parts.ButtonRow
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.plural

/** Selects the villages to send. [onDone] gets their keys; none if they are all. */
@Composable
internal fun VillageChoiceScreen(
    choices: List<VillageChoice>,
    onClose: () -> Unit,
    onDone: (chosen: Set<String>?) -> Unit,
) {
    BackHandler(onBack = onClose)
    var excluded by rememberSaveable(stateSaver = keysSaver(choices)) {
        mutableStateOf<Set<String>>(choices.filterNot { it.isChosen }.mapTo(HashSet()) { it.key })
    }
    val chosen = choices.size - excluded.size
    Screen(
        stringResource(R.string.send_choose),
        onClose,
        bottom = {
            Surface(tonalElevation = 3.dp) {
                MainButton(
                    plural(R.plurals.send_use_villages, chosen.toLong()),
                    { onDone(choices.keysWithout(excluded)) },
                    Modifier.fillMaxWidth().navigationBarsPadding().padding(16.dp),
                    isEnabled = chosen > 0,
                )
            }
        },
    ) { padding ->
        LazyColumn(Modifier.fillMaxSize().padding(padding), contentPadding = PaddingValues(16.dp)) {
            item("all", "all") {
                ButtonRow {
                    QuietButton(stringResource(R.string.send_select_all_villages), { excluded = emptySet() })
                    val all = choices.mapTo(HashSet()) { it.key }
                    QuietButton(stringResource(R.string.send_select_none), { excluded = all })
                }
            }
            items(choices, { it.key }, { "village" }) { choice ->
                VillageRow(choice, choice.key !in excluded) { isChosen ->
                    excluded = if (isChosen) excluded - choice.key else excluded + choice.key
                }
            }
        }
    }
}

private fun List<VillageChoice>.keysWithout(excluded: Set<String>): Set<String>? =
    if (excluded.isEmpty()) null else mapNotNullTo(HashSet()) { it.key.takeIf { key -> key !in excluded } }

/** Saves a bit for each village, because the system accepts only small states. */
private fun keysSaver(choices: List<VillageChoice>) = Saver<Set<String>, LongArray>(
    save = { keys -> BitSet().apply { choices.forEachIndexed { at, it -> set(at, it.key in keys) } }.toLongArray() },
    restore = { bits ->
        val saved = BitSet.valueOf(bits)
        choices.filterIndexed { at, _ -> saved[at] }.mapTo(HashSet()) { it.key }
    },
)

@Composable
private fun VillageRow(choice: VillageChoice, isChosen: Boolean, onChange: (Boolean) -> Unit) = Row(
    Modifier.fillMaxWidth().toggleable(isChosen, role = Role.Checkbox, onValueChange = onChange)
        .heightIn(min = 56.dp).padding(vertical = 8.dp),
    Arrangement.spacedBy(12.dp),
    Alignment.CenterVertically,
) {
    Checkbox(isChosen, null)
    Column(Modifier.weight(1f)) {
        Text(choice.name, style = MaterialTheme.typography.bodyLarge)
        Text(plural(R.plurals.households, choice.households), style = MaterialTheme.typography.bodyMedium)
    }
}
