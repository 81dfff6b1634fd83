package org.fieldcast.app.ui.receive

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.LocalDensity
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import androidx.compose.ui.window.Dialog
import androidx.compose.ui.window.DialogProperties
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.ButtonRow
import org.fieldcast.app.ui.parts.Code
import org.fieldcast.app.ui.parts.LARGE_FONT
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.PhoneName
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.isSettled
import org.fieldcast.app.ui.parts.list
import org.fieldcast.app.ui.parts.readTogether
import org.fieldcast.app.ui.plural
import org.fieldcast.sdk.core.Answer

/** Asks whether to receive. Only its buttons close it: a touch beside it must not decline. */
@Composable
internal fun QuestionDialog(question: OpenQuestion, now: Long, onAnswer: (Answer) -> Unit, onStop: () -> Unit) =
    Dialog({ }, DialogProperties(dismissOnBackPress = false, dismissOnClickOutside = false)) {
        key(question.id) { QuestionCard(question, now, onAnswer, onStop) }
    }

@Composable
internal fun QuestionCard(question: OpenQuestion, now: Long, onAnswer: (Answer) -> Unit, onStop: () -> Unit) =
    Surface(Modifier.fillMaxWidth(), MaterialTheme.shapes.extraLarge, MaterialTheme.colorScheme.surfaceContainerHigh) {
        // At a large font there is no room for buttons that stay visible.
        val isLarge = LocalDensity.current.fontScale > LARGE_FONT
        val scroll = Modifier.verticalScroll(rememberScrollState())
        val mustCompare = question.identity == Identity.UNKNOWN
        Column((if (isLarge) scroll else Modifier).padding(20.dp), Arrangement.spacedBy(12.dp)) {
            Text(
                stringResource(R.string.receive_question),
                Modifier.semantics { heading() },
                style = MaterialTheme.typography.titleLarge,
            )
            Column(
                if (isLarge) Modifier else Modifier.weight(1f, fill = false).then(scroll),
                Arrangement.spacedBy(8.dp),
            ) {
                val isTrusted = question.identity == Identity.TRUSTED
                PhoneName(question.sender, question.words, isTrusted, Modifier.readTogether())
                if (mustCompare) Code(question.code)
                Text(stringResource(question.explanation, question.sender))
                if (!mustCompare) Text(stringResource(R.string.receive_code_if_asked, question.code))
                Contents(question.contents, now)
                if (question.sources.isNotEmpty()) {
                    Text(stringResource(R.string.receive_sources, list(question.sources)))
                }
            }
            val isSettled = isSettled(question.id)
            ButtonRow {
                val receive = stringResource(R.string.receive_data)
                MainButton(receive, { onAnswer(Answer.TRUST) }, isEnabled = isSettled)
                OtherButton(stringResource(R.string.receive_decline), { onAnswer(Answer.DECLINE) }, isEnabled = isSettled)
                if (mustCompare) {
                    val differ = stringResource(R.string.codes_differ)
                    QuietButton(differ, { onAnswer(Answer.CODES_DIFFER) }, isEnabled = isSettled)
                }
                // Against a phone that asks again and again.
                if (question.identity != Identity.SCANNED) {
                    QuietButton(stringResource(R.string.send_stop_receiving), onStop)
                }
            }
        }
    }

private val OpenQuestion.explanation: Int
    get() = when (identity) {
        Identity.TRUSTED -> R.string.receive_code_trusted
        Identity.SCANNED -> R.string.receive_code_scanned
        Identity.UNKNOWN -> R.string.receive_code_compare
    }

@Composable
private fun Contents(contents: OfferContents, now: Long) {
    val formats = formats()
    contents.campaigns.forEach { Text(it) }
    Text(plural(R.plurals.villages, contents.villages.size.toLong()))
    Villages(contents.villages)
    Text(plural(R.plurals.households, contents.households))
    Text(stringResource(R.string.receive_size, formats.bytes(contents.bytes)))
    contents.asOf?.let { Text(stringResource(R.string.home_as_of, formats.moment(it, now))) }
}

@Composable
private fun Villages(names: List<String>) {
    var isOpen by rememberSaveable { mutableStateOf(false) }
    if (names.size <= FEW || isOpen) {
        Text(list(names))
    } else {
        Text(list(names.take(FEW)))
        QuietButton(stringResource(R.string.receive_all_villages), { isOpen = true })
    }
}

/** Villages whose names are shown at once. */
private const val FEW = 4
