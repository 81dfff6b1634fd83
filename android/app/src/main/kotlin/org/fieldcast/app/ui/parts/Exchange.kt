package org.fieldcast.app.ui.parts

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.FlowRowScope
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.Icon
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.ReadOnlyComposable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextDirection
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats

/** A phone's name, with what tells it from another phone of the same name. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun PhoneName(name: String, words: String, isTrusted: Boolean, modifier: Modifier = Modifier) =
    Column(modifier, Arrangement.spacedBy(2.dp)) {
        Text(name, style = MaterialTheme.typography.titleMedium)
        FlowRow(
            horizontalArrangement = Arrangement.spacedBy(12.dp),
            itemVerticalAlignment = Alignment.CenterVertically,
        ) {
            Text(words, style = MaterialTheme.typography.bodyMedium)
            if (isTrusted) Trusted()
        }
    }

@Composable
private fun Trusted() = Row(Modifier, Arrangement.spacedBy(4.dp), Alignment.CenterVertically) {
    Icon(Icons.Trust, null, Modifier.size(18.dp))
    Text(stringResource(R.string.trusted), style = MaterialTheme.typography.bodyMedium)
}

/** A screen reader reads everything in it at once. Not for a part of a row that is read as a whole. */
fun Modifier.readTogether(): Modifier = semantics(mergeDescendants = true) {}

/** The six digits of a code, in large type. A screen reader spells them. */
@Composable
fun Code(code: String, modifier: Modifier = Modifier) {
    val spelled = code.filter(Char::isDigit).toList().joinToString(" ")
    val description = stringResource(R.string.code_spelled, spelled)
    Text(
        code,
        modifier.semantics {
            contentDescription = description
            liveRegion = LiveRegionMode.Polite
        },
        // Right-to-left text would swap the two halves of the code.
        style = MaterialTheme.typography.displayMedium.copy(textDirection = TextDirection.Ltr),
    )
}

/** A code to compare with another phone. */
@Composable
fun CodeCard(
    title: String,
    explanation: String,
    name: String,
    words: String,
    code: String,
    buttons: @Composable FlowRowScope.() -> Unit,
) {
    val scheme = MaterialTheme.colorScheme
    val colors = CardDefaults.cardColors(scheme.primaryContainer, scheme.onPrimaryContainer)
    Card(Modifier.fillMaxWidth(), colors = colors) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Text(title, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleMedium)
            PhoneName(name, words, isTrusted = false, Modifier.readTogether())
            Code(code)
            Text(explanation)
            ButtonRow(buttons)
        }
    }
}

/** How far a transfer is: as in "42%", "1.2 MB/s" and "3 minutes left". */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun TransferFigures(part: Float, bytesPerSecond: Double?, secondsLeft: Long?) {
    FlowRow(Modifier.readTogether(), horizontalArrangement = Arrangement.spacedBy(12.dp)) {
        Text(formats().percent(part))
        bytesPerSecond?.let { Text(formats().bytesPerSecond(it)) }
        secondsLeft?.let { Text(formats().timeLeft(it)) }
    }
}

/** Names as in "Asha, Moussa and Fatou". */
@Composable
@ReadOnlyComposable
fun list(names: List<String>): String = formats().list(names)
