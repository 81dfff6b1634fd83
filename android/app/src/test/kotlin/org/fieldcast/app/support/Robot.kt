package org.fieldcast.app.support

import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isDialog
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performTextInput

/** A user in front of a screen. Waits for what appears, and counts the taps. */
class Robot(private val rule: ComposeTestRule, private val within: SemanticsMatcher? = null) {
    var taps = 0
        private set

    /** Waits until a text is on the screen. */
    fun sees(text: String, seconds: Long = 30): SemanticsNodeInteraction {
        val matcher = here(hasText(text, substring = true))
        rule.waitUntil("\"$text\" appears", seconds * 1000) { count(matcher) > 0 }
        return rule.onAllNodes(matcher, useUnmergedTree = false)[0]
    }

    /** Waits until a text has left the screen. */
    fun seesNoMore(text: String, seconds: Long = 30) {
        val matcher = here(hasText(text, substring = true))
        rule.waitUntil("\"$text\" disappears", seconds * 1000) { count(matcher) == 0 }
    }

    /** Taps what has this text, as soon as it can be tapped. */
    fun taps(text: String, seconds: Long = 30) {
        val matcher = here((hasText(text) or described(text)) and hasClickAction() and isEnabledNode)
        rule.waitUntil("\"$text\" can be tapped", seconds * 1000) { count(matcher) > 0 }
        val node = rule.onAllNodes(matcher)[0]
        runCatching { node.performScrollTo() } // a node outside of scrolling content needs no scrolling
        node.performClick()
        taps++
    }

    fun types(field: String, text: String) {
        sees(field)
        rule.onAllNodes(here(hasText(field, substring = true) and hasSetText))[0].performTextInput(text)
    }

    private fun here(matcher: SemanticsMatcher) =
        if (within == null) matcher else matcher and (hasAnyAncestor(within) or hasAnyAncestor(isDialog()))

    private fun count(matcher: SemanticsMatcher) = rule.onAllNodes(matcher).fetchSemanticsNodes(false).size

    private companion object {
        fun described(text: String) = SemanticsMatcher("described as $text") { node ->
            node.config.getOrElseNullable(SemanticsProperties.ContentDescription) { null }?.contains(text) == true
        }

        val isEnabledNode = SemanticsMatcher("is enabled") { SemanticsProperties.Disabled !in it.config }
        val hasSetText = SemanticsMatcher("takes text") { androidx.compose.ui.semantics.SemanticsActions.SetText in it.config }
    }
}

/** One of two phones on the same screen. */
fun phoneTag(name: String) = hasTestTag("phone $name")
