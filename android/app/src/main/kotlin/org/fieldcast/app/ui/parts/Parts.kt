package org.fieldcast.app.ui.parts

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.ExperimentalLayoutApi
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.FlowRowScope
import androidx.compose.foundation.layout.PaddingValues
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.imePadding
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.size
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Button
import androidx.compose.material3.Card
import androidx.compose.material3.CardDefaults
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.Icon
import androidx.compose.material3.IconButton
import androidx.compose.material3.LinearProgressIndicator
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedButton
import androidx.compose.material3.Scaffold
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.material3.TopAppBar
import androidx.compose.material3.TopAppBarDefaults
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.vector.ImageVector
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R

/**
 * A screen with a title, and a way back if [onBack] is given. [bottom] stays visible below the content. Nothing is
 * behind the keyboard; [bottom] must keep clear of the navigation bar itself.
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun Screen(
    title: String,
    onBack: (() -> Unit)? = null,
    actions: @Composable () -> Unit = {},
    bottom: @Composable () -> Unit = {},
    content: @Composable (PaddingValues) -> Unit,
) = Scaffold(
    Modifier.imePadding(),
    topBar = {
        TopAppBar(
            title = { Text(title, Modifier.semantics { heading() }) },
            navigationIcon = { if (onBack != null) IconAction(Icons.Back, stringResource(R.string.back), onBack) },
            actions = { actions() },
            // Room for two lines of a large font, which the bar would cut.
            expandedHeight = TopAppBarDefaults.TopAppBarExpandedHeight * maxOf(1f, LocalDensity.current.fontScale),
        )
    },
    bottomBar = bottom,
    content = content,
)

/** A screen whose content scrolls as a whole. For long lists, use [Screen] with a lazy list. */
@Composable
fun ScrollingScreen(
    title: String,
    onBack: (() -> Unit)? = null,
    actions: @Composable () -> Unit = {},
    bottom: @Composable () -> Unit = {},
    content: @Composable ColumnScope.() -> Unit,
) = Screen(title, onBack, actions, bottom) { padding ->
    Column(
        Modifier.fillMaxWidth().verticalScroll(rememberScrollState()).padding(padding).padding(16.dp),
        Arrangement.spacedBy(16.dp),
        content = content,
    )
}

/** The font scale above which screens give up what is only comfortable, to leave room for text. */
const val LARGE_FONT = 1.5f

/** An icon that acts, with a label for screen readers. At least 48 dp high and wide. */
@Composable
fun IconAction(icon: ImageVector, label: String, onClick: () -> Unit) = IconButton(onClick) { Icon(icon, label) }

/** The main action of a screen or card. */
@Composable
fun MainButton(
    text: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    icon: ImageVector? = null,
    isEnabled: Boolean = true,
) = Button(onClick, modifier.heightIn(min = 48.dp), isEnabled) { ButtonContent(text, icon) }

/** Another action. */
@Composable
fun OtherButton(
    text: String,
    onClick: () -> Unit,
    modifier: Modifier = Modifier,
    icon: ImageVector? = null,
    isEnabled: Boolean = true,
) = OutlinedButton(onClick, modifier.heightIn(min = 48.dp), isEnabled) { ButtonContent(text, icon) }

/** An action of low weight. */
@Composable
fun QuietButton(text: String, onClick: () -> Unit, modifier: Modifier = Modifier, isEnabled: Boolean = true) =
    TextButton(onClick, modifier.heightIn(min = 48.dp), isEnabled) { Text(text) }

/** Buttons beside each other, or below each other if the texts are long. */
@OptIn(ExperimentalLayoutApi::class)
@Composable
fun ButtonRow(buttons: @Composable FlowRowScope.() -> Unit) = FlowRow(
    horizontalArrangement = Arrangement.spacedBy(8.dp),
    verticalArrangement = Arrangement.spacedBy(8.dp),
    itemVerticalAlignment = Alignment.CenterVertically,
    content = buttons,
)

@Composable
private fun ButtonContent(text: String, icon: ImageVector?) =
    Row(Modifier.padding(vertical = 4.dp), Arrangement.spacedBy(8.dp), Alignment.CenterVertically) {
        if (icon != null) Icon(icon, null, Modifier.size(20.dp)) // the text says it
        Text(text)
    }

/** A card with a title. */
@Composable
fun TitledCard(
    title: String,
    modifier: Modifier = Modifier,
    icon: ImageVector? = null,
    content: @Composable ColumnScope.() -> Unit,
) =
    Card(modifier.fillMaxWidth(), colors = CardDefaults.cardColors(MaterialTheme.colorScheme.surfaceContainer)) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
            Row(horizontalArrangement = Arrangement.spacedBy(12.dp), verticalAlignment = Alignment.CenterVertically) {
                if (icon != null) Icon(icon, null)
                Text(title, Modifier.semantics { heading() }, style = MaterialTheme.typography.titleMedium)
            }
            content()
        }
    }

/** The title of a part of a list. */
@Composable
fun SectionTitle(text: String) =
    Text(text, Modifier.padding(16.dp).semantics { heading() }, style = MaterialTheme.typography.titleMedium)

/** A further detail of a row. */
@Composable
fun Small(text: String) =
    Text(text, color = MaterialTheme.colorScheme.onSurfaceVariant, style = MaterialTheme.typography.bodyMedium)

/** Shows that something is going on. A screen reader reads the [label]. */
@Composable
fun Busy(label: String) = CircularProgressIndicator(Modifier.semantics { contentDescription = label })

/** What a notice means. */
enum class NoticeKind { INFO, SUCCESS, PROBLEM }

/** A message that a screen reader announces, with what to do about it. */
@Composable
fun Notice(kind: NoticeKind, text: String, modifier: Modifier = Modifier, actions: @Composable () -> Unit = {}) {
    val colors = when (kind) {
        NoticeKind.INFO -> MaterialTheme.colorScheme.tertiaryContainer to MaterialTheme.colorScheme.onTertiaryContainer
        NoticeKind.SUCCESS -> MaterialTheme.colorScheme.primaryContainer to MaterialTheme.colorScheme.onPrimaryContainer
        NoticeKind.PROBLEM -> MaterialTheme.colorScheme.errorContainer to MaterialTheme.colorScheme.onErrorContainer
    }
    val icon = when (kind) {
        NoticeKind.INFO -> Icons.Info
        NoticeKind.SUCCESS -> Icons.Done
        NoticeKind.PROBLEM -> Icons.Warning
    }
    Card(modifier.fillMaxWidth(), colors = CardDefaults.cardColors(colors.first, colors.second)) {
        Column(Modifier.padding(16.dp), Arrangement.spacedBy(8.dp)) {
            Row(horizontalArrangement = Arrangement.spacedBy(12.dp)) {
                Icon(icon, null)
                Text(text, Modifier.weight(1f).semantics { liveRegion = LiveRegionMode.Polite })
            }
            actions()
        }
    }
}

/** A bar with a text below it. [part] is between 0 and 1; none while it is unknown. */
@Composable
fun Progress(part: Float?, text: String, modifier: Modifier = Modifier) =
    Column(modifier, Arrangement.spacedBy(4.dp)) {
        if (part == null) {
            LinearProgressIndicator(Modifier.fillMaxWidth())
        } else {
            LinearProgressIndicator({ part }, Modifier.fillMaxWidth())
        }
        Text(text, style = MaterialTheme.typography.bodyMedium)
    }
