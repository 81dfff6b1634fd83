package org.fieldcast.app

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.activity.enableEdgeToEdge
import androidx.compose.foundation.layout.navigationBarsPadding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.test.getBoundsInRoot
import androidx.compose.ui.test.hasScrollAction
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.onRoot
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.test.performSemanticsAction
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.height
import androidx.compose.ui.unit.width
import androidx.core.graphics.Insets
import androidx.core.view.ViewCompat
import androidx.core.view.WindowInsetsCompat
import androidx.core.view.WindowInsetsCompat.Type
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.pictures.noSendActions
import org.fieldcast.app.pictures.on
import org.fieldcast.app.pictures.sendState
import org.fieldcast.app.ui.send.InviteState
import org.fieldcast.app.ui.send.SendScreen
import org.fieldcast.app.ui.theme.FieldcastTheme
import org.fieldcast.sdk.core.QrMatrix
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Keeps what the user needs clear of the edges, the navigation bar and the keyboard. A dp is a pixel here. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = Application::class)
class InsetsTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private fun shows(content: @Composable () -> Unit) {
        rule.runOnUiThread { rule.activity.enableEdgeToEdge() }
        rule.setContent { FieldcastTheme { content() } }
    }

    private fun has(bar: Int, keyboard: Int) {
        val insets = WindowInsetsCompat.Builder()
            .setInsets(Type.navigationBars(), Insets.of(0, 0, 0, bar))
            .setInsets(Type.ime(), Insets.of(0, 0, 0, keyboard))
            .setVisible(Type.ime(), keyboard > 0)
            .build()
        rule.runOnUiThread { ViewCompat.dispatchApplyWindowInsets(rule.activity.window.decorView, insets) }
        rule.waitForIdle()
    }

    /** The free space below a text. */
    private fun below(text: String): Dp =
        rule.onRoot().getBoundsInRoot().bottom - rule.onNodeWithText(text).getBoundsInRoot().bottom

    @Composable
    private fun Form(bottom: @Composable () -> Unit = {}) = ScrollingScreen("Form", bottom = bottom) {
        repeat(40) { Text("Line $it") }
    }

    @Test
    fun `scrolls the end of a form above the bar and the keyboard`() {
        shows { Form() }
        for ((bar, keyboard) in listOf(48 to 0, 48 to 300, 0 to 300)) {
            has(bar, keyboard)
            rule.onNode(hasScrollAction()).performSemanticsAction(SemanticsActions.ScrollBy) { it(0f, 10_000f) }
            assertEquals("$bar, $keyboard", maxOf(bar, keyboard) + MARGIN, below("Line 39").value.toInt())
        }
    }

    @Test
    fun `keeps the bottom of a screen above the bar and the keyboard`() {
        shows { Form { Text("Bottom", Modifier.navigationBarsPadding()) } }
        for ((bar, keyboard) in listOf(48 to 0, 48 to 300, 0 to 300)) {
            has(bar, keyboard)
            assertEquals("$bar, $keyboard", maxOf(bar, keyboard), below("Bottom").value.toInt())
        }
    }

    @Test
    @Config(qualifiers = "w640dp-h360dp-land-mdpi")
    fun `shows the whole code while the phone is held sideways`() {
        val state = sendState(on(emptyList()))
        shows { SendScreen(state.copy(invite = InviteState.Shown(QrMatrix(1uL, listOf(true)), 24)), noSendActions) }
        val code = rule.onNodeWithContentDescription("QR code", substring = true).performScrollTo().getBoundsInRoot()
        assertTrue("$code", code.height > 200.dp && code.height == code.width)
        assertTrue("$code", code.bottom <= 360.dp)
    }

    private companion object {
        /** Of the content. */
        const val MARGIN = 16
    }
}
