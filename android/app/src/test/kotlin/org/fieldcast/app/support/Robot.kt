package org.fieldcast.app.support

import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.test.ComposeTimeoutException
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SemanticsNodeInteraction
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasContentDescription
import androidx.compose.ui.test.hasScrollToNodeAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isDialog
import androidx.compose.ui.test.junit4.ComposeTestRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performScrollToNode
import androidx.compose.ui.test.performTextInput

/** A user in front of a screen. Waits for what appears, scrolls lists to find it, and counts the taps. */
open class Robot(protected val rule: ComposeTestRule, private val within: SemanticsMatcher? = null) {
    var taps = 0
        private set

    /** Waits until a text is on the screen. */
    fun sees(text: String, seconds: Long = 20): SemanticsNodeInteraction {
        val matcher = here(hasText(text, substring = true))
        find("\"$text\" appears", seconds, matcher)
        return rule.onAllNodes(matcher, useUnmergedTree = false)[0]
    }

    /** Waits until a text has left the screen. */
    fun seesNoMore(text: String, seconds: Long = 20) {
        val matcher = here(hasText(text, substring = true))
        waitUntil("\"$text\" disappears", seconds) { count(matcher) == 0 }
    }

    /** Taps what has this text, as soon as it can be tapped. */
    fun taps(text: String, seconds: Long = 20) {
        val matcher = here((hasText(text) or described(text)) and hasClickAction() and isEnabledNode)
        find("\"$text\" can be tapped", seconds, matcher)
        val node = rule.onAllNodes(matcher)[0]
        runCatching { node.performScrollTo() } // a node outside of scrolling content needs no scrolling
        node.performClick()
        taps++
    }

    /** Waits until it is on the screen. Looks for it in the whole list now and then. */
    private fun find(what: String, seconds: Long, matcher: SemanticsMatcher) {
        var next = System.nanoTime() + SCROLL_AFTER
        waitUntil(what, seconds) {
            if (count(matcher) == 0 && System.nanoTime() > next) {
                scrollTo(matcher)
                next = System.nanoTime() + SCROLL_AFTER
            }
            count(matcher) > 0
        }
    }

    private fun scrollTo(matcher: SemanticsMatcher) {
        val lists = rule.onAllNodes(here(hasScrollToNodeAction()))
        repeat(lists.fetchSemanticsNodes(false).size) {
            runCatching { lists[it].performScrollToNode(matcher) } // it is not in this list yet
        }
    }

    /** Waits for something. If it does not happen, says what the screen shows instead. */
    fun waitUntil(what: String, seconds: Long = 20, isSo: () -> Boolean) = try {
        rule.waitUntil(what, seconds * 1000, isSo)
    } catch (error: ComposeTimeoutException) {
        throw AssertionError("${error.message} The screen shows: ${texts()}", error)
    }

    private fun texts(): List<String> = rule.onAllNodes(here(hasAnyText)).fetchSemanticsNodes(false)
        .flatMap { node -> node.config[SemanticsProperties.Text].map { it.text } }

    fun types(field: String, text: String) {
        sees(field)
        rule.onAllNodes(here(hasText(field, substring = true) and hasSetText))[0].performTextInput(text)
    }

    /** Waits for a code to compare, on the screen of this phone or else in a dialog, and reads it. */
    fun code(): String {
        val own = if (within == null) isCode else isCode and hasAnyAncestor(within)
        val asked = isCode and hasAnyAncestor(isDialog())
        waitUntil("a code appears") { count(own) + count(asked) > 0 }
        val matcher = if (count(own) > 0) own else asked
        val node = rule.onAllNodes(matcher)[0].fetchSemanticsNode()
        return node.config[SemanticsProperties.Text].single().text
    }

    private fun here(matcher: SemanticsMatcher) =
        if (within == null) matcher else matcher and (hasAnyAncestor(within) or hasAnyAncestor(isDialog()))

    private fun count(matcher: SemanticsMatcher) = rule.onAllNodes(matcher).fetchSemanticsNodes(false).size

    private companion object {
        fun described(text: String) = SemanticsMatcher("described as $text") { node ->
            node.config.getOrElseNullable(SemanticsProperties.ContentDescription) { null }?.contains(text) == true
        }

        /** Nanoseconds. */
        const val SCROLL_AFTER = 500_000_000L
        val hasAnyText = SemanticsMatcher.keyIsDefined(SemanticsProperties.Text)
        val isCode = hasContentDescription("Code ", substring = true) and hasAnyText
        val isEnabledNode = SemanticsMatcher("is enabled") { SemanticsProperties.Disabled !in it.config }
        val hasSetText = SemanticsMatcher("takes text") { androidx.compose.ui.semantics.SemanticsActions.SetText in it.config }
    }
}

/** Logs in to the sandbox, on the screen that asks for the server. */
fun Robot.logIn(password: String = "fieldcast", server: String = sandbox) {
    taps("Type the server")
    types("Server", server)
    types("Tenant", "mz")
    taps("Next")
    types("User name", "distributor")
    types("Password", password)
    taps("Log in")
}

/** Logs in for the first time, and chooses the four villages of the sandbox. */
fun Robot.choosesAll(server: String = sandbox) {
    taps("Download")
    logIn(server = server)
    taps("SMC Nampula 2025, ciclo 1")
    sees("Search by name")
    taps("All areas")
    sees("4 villages")
    taps("All of Moçambique")
}
