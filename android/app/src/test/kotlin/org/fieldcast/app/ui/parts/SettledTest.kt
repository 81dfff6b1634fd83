package org.fieldcast.app.ui.parts

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isToggleable
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performSemanticsAction
import org.fieldcast.app.pictures.noSendActions
import org.fieldcast.app.pictures.on
import org.fieldcast.app.pictures.receiver
import org.fieldcast.app.pictures.sendState
import org.fieldcast.app.ui.send.InviteState
import org.fieldcast.app.ui.send.SendScreen
import org.fieldcast.app.ui.theme.FieldcastTheme
import org.fieldcast.sdk.core.QrMatrix
import org.fieldcast.sdk.core.SendState
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

/** A tap confirms only what the user can have read. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = Application::class)
class SettledTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private fun asking(number: Int, name: String) = receiver(number, name, SendState.Asking, code = "$number$number 456")

    private fun shows(content: @Composable () -> Unit) = rule.setContent { FieldcastTheme { content() } }

    private fun settles() {
        rule.waitForIdle()
        rule.mainClock.advanceTimeBy(1_000)
    }

    @Test
    fun `confirms only one code with two quick taps`() {
        var shown by mutableStateOf(sendState(on(listOf(asking(11, "Asha"), asking(22, "Fatou")))))
        val answered = mutableListOf<String>()
        val actions = noSendActions.copy(
            onAnswer = { receiver, _ ->
                answered += receiver
                shown = sendState(on(listOf(asking(22, "Fatou"))))
            },
        )
        shows { SendScreen(shown, actions) }
        settles()
        repeat(2) { rule.onNodeWithText("Codes match").performClick() }
        assertEquals(listOf("11"), answered)
        settles()
        rule.onNodeWithText("Codes match").performClick()
        assertEquals(listOf("11", "22"), answered)
    }

    @Test
    fun `sends below the code only to phones that were shown`() {
        val invite = InviteState.Shown(QrMatrix(1uL, listOf(true)), 24)
        fun scanned(vararg names: String) =
            sendState(on(names.mapIndexed { at, name -> receiver(at, name, hasScanned = true) })).copy(invite = invite)

        var shown by mutableStateOf(scanned("Asha"))
        shows { SendScreen(shown, noSendActions) }
        settles()
        rule.onNodeWithText("Send").assertIsEnabled()
        shown = scanned("Asha", "Fatou")
        rule.onNodeWithText("Send").assertIsNotEnabled()
        settles()
        rule.onNodeWithText("Send").assertIsEnabled()
    }

    @Test
    fun `sends below the code only to phones that stay selected`() {
        val two = listOf(receiver(1, "Asha", hasScanned = true), receiver(2, "Asha", hasScanned = true))
        val invite = InviteState.Shown(QrMatrix(1uL, listOf(true)), 24)
        var sent = emptyList<String>()
        val actions = noSendActions.copy(onSendTo = { sent = it })
        shows { SendScreen(sendState(on(two)).copy(invite = invite), actions) }
        rule.onNode(isToggleable() and hasText(two[1].words)).performSemanticsAction(SemanticsActions.OnClick)
        settles()
        rule.onNodeWithText("Send").performClick()
        assertEquals(listOf("1"), sent)
    }
}
