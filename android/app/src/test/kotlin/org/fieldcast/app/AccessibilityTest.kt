package org.fieldcast.app

import androidx.activity.ComponentActivity
import androidx.compose.material3.ColorScheme
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.luminance
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.unit.dp
import org.fieldcast.app.pictures.Look
import org.fieldcast.app.pictures.OnPhone
import org.fieldcast.app.pictures.Picture
import org.fieldcast.app.pictures.allPictures
import org.fieldcast.app.pictures.languages
import org.fieldcast.app.ui.theme.DarkColors
import org.fieldcast.app.ui.theme.LightColors
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Checks every screen for users of a screen reader, of large fonts, and in sunlight. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = android.app.Application::class)
class AccessibilityTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private var shown by mutableStateOf<Pair<Picture, Look>?>(null)

    @Test
    fun `labels every control, large enough to touch`() = check(Look("en")) {
        rule.onAllNodes(hasClickAction()).fetchSemanticsNodes().mapNotNull { node ->
            val target = node.touchBoundsInRoot
            val least = with(node.layoutInfo.density) { 47.5.dp.toPx() }
            when {
                node.label.isBlank() -> "a control without a label at ${node.boundsInRoot}"
                node.boundsInRoot.isEmpty -> null // scrolled out of view, as is the lower part of the last one
                target.height < least && target.bottom < SCREEN_HEIGHT -> "\"${node.label}\" is ${target.height} high"
                target.width < least -> "\"${node.label}\" is ${target.width} wide"
                else -> null
            }
        }
    }

    @Test
    fun `reads the words of a phone together with its name`() = check(Look("en")) {
        rule.onAllNodes(hasText).fetchSemanticsNodes().mapNotNull { node ->
            val alone = node.config.getOrNull(SemanticsProperties.Text)?.singleOrNull()?.text.orEmpty()
            if (alone.matches(fingerprintWords)) "\"$alone\" is read alone" else null
        }
    }

    @Test
    fun `cuts no text at the largest font`() = languages.forEach { language ->
        check(Look(language, fontScale = 2f)) {
            rule.onAllNodes(hasText, useUnmergedTree = true).fetchSemanticsNodes().mapNotNull { node ->
                val layout = node.textLayout() ?: return@mapNotNull null
                val text = layout.layoutInput.text.text
                val box = node.boundsInRoot
                when {
                    layout.isCut(node.size.width) -> "\"$text\" is cut"
                    layout.breaksWord() -> "\"$text\" is broken in a word"
                    node.size.width > SCREEN_WIDTH -> "\"$text\" is wider than the screen"
                    !node.isScrolled && box.height < node.size.height - 1 -> "\"$text\" is cut at the top or the bottom"
                    box.width > 0 && box.width < node.size.width - 1 -> "\"$text\" is hidden at a side"
                    else -> null
                }
            }
        }
    }

    @Test
    fun `has a contrast of at least 4_5 to 1`() {
        val problems = listOf("light" to LightColors, "dark" to DarkColors).flatMap { (theme, colors) ->
            colors.textPairs().mapNotNull { (name, text, ground) ->
                val ratio = contrast(text, ground)
                if (ratio < 4.5) "$theme $name: %.2f".format(ratio) else null
            }
        }
        assertEquals("", problems.joinToString("\n"))
    }

    private fun check(look: Look, problems: () -> List<String>) {
        if (shown == null) rule.setContent { shown?.let { (picture, look) -> OnPhone(picture, look) } }
        val all = allPictures.flatMap { picture ->
            shown = picture to look
            rule.waitForIdle()
            problems().map { "${look.name}/${picture.name}: $it" }
        }
        assertEquals("", all.joinToString("\n"))
    }

    private companion object {
        val address = Regex("\\S*://\\S*")
        val fingerprintWords = Regex("[a-z]{5}-[a-z]{5}")
        const val SCREEN_WIDTH = 360
        const val SCREEN_HEIGHT = 640
        val hasText = SemanticsMatcher("has a text layout") { SemanticsActions.GetTextLayoutResult in it.config }

        val SemanticsNode.label: String
            get() = (config.getOrNull(SemanticsProperties.ContentDescription).orEmpty() +
                config.getOrNull(SemanticsProperties.Text).orEmpty().map { it.text } +
                listOfNotNull(config.getOrNull(SemanticsProperties.EditableText)?.text)).joinToString(" ")

        /** Whether the user can scroll to what is out of view. */
        val SemanticsNode.isScrolled: Boolean
            get() = generateSequence(parent) { it.parent }.any { SemanticsProperties.VerticalScrollAxisRange in it.config }

        fun SemanticsNode.textLayout(): TextLayoutResult? {
            val results = ArrayList<TextLayoutResult>()
            config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
            return results.firstOrNull()
        }

        // `hasVisualOverflow` is of no use: it compares with the width that the text might have taken.
        fun TextLayoutResult.isCut(width: Int): Boolean = didOverflowHeight || (0 until lineCount).any {
            isLineEllipsized(it) || getLineRight(it) - getLineLeft(it) > width + 1
        }

        /** Whether a line ends inside a word. The address of a server may be longer than a line. */
        fun TextLayoutResult.breaksWord(): Boolean {
            val text = layoutInput.text.text.replace(address) { " ".repeat(it.value.length) }
            return (0 until lineCount - 1).map(::getLineEnd)
                .any { it in 1..<text.length && text[it - 1].isLetter() && text[it].isLetter() }
        }

        /** Text colours on every colour that they are drawn on. */
        fun ColorScheme.textPairs(): List<Triple<String, Color, Color>> {
            val grounds = listOf(
                "surface" to surface,
                "surfaceContainerLowest" to surfaceContainerLowest,
                "surfaceContainerLow" to surfaceContainerLow,
                "surfaceContainer" to surfaceContainer,
                "surfaceContainerHigh" to surfaceContainerHigh,
                "surfaceContainerHighest" to surfaceContainerHighest,
            )
            val texts = listOf("onSurface" to onSurface, "onSurfaceVariant" to onSurfaceVariant, "primary" to primary, "error" to error)
            val own = listOf(
                Triple("onPrimary", onPrimary, primary),
                Triple("onSecondary", onSecondary, secondary),
                Triple("onTertiary", onTertiary, tertiary),
                Triple("onError", onError, error),
                Triple("onPrimaryContainer", onPrimaryContainer, primaryContainer),
                Triple("onSecondaryContainer", onSecondaryContainer, secondaryContainer),
                Triple("onTertiaryContainer", onTertiaryContainer, tertiaryContainer),
                Triple("onErrorContainer", onErrorContainer, errorContainer),
                Triple("onSurfaceVariant", onSurfaceVariant, surfaceVariant),
                Triple("inverseOnSurface", inverseOnSurface, inverseSurface),
            )
            return own + texts.flatMap { (name, text) -> grounds.map { (ground, color) -> Triple("$name on $ground", text, color) } }
        }

        /** By WCAG 2.2. */
        fun contrast(a: Color, b: Color): Double {
            val (lighter, darker) = listOf(a.luminance(), b.luminance()).sortedDescending()
            return (lighter + 0.05) / (darker + 0.05)
        }
    }
}
