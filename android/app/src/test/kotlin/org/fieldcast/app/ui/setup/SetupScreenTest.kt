package org.fieldcast.app.ui.setup

import androidx.activity.ComponentActivity
import androidx.compose.ui.semantics.SemanticsActions
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.text.TextLayoutResult
import androidx.compose.ui.text.style.ResolvedTextDirection
import org.fieldcast.app.pictures.Look
import org.fieldcast.app.pictures.OnPhone
import org.fieldcast.app.pictures.setupPictures
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = android.app.Application::class)
class SetupScreenTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    /** An address that starts with a number or a slash has no direction of its own. */
    @Test
    fun `writes addresses from left to right in Arabic`() {
        rule.setContent { OnPhone(setupPictures.first { it.name == "setup-server-numeric" }, Look("ar")) }
        val fields = rule.onAllNodes(isField).fetchSemanticsNodes()
        val directions = fields.map { field ->
            val results = ArrayList<TextLayoutResult>()
            field.config.getOrNull(SemanticsActions.GetTextLayoutResult)?.action?.invoke(results)
            field.config[SemanticsProperties.EditableText].text to results.single().getParagraphDirection(0)
        }
        assertEquals(listOf("192.0.2.7:8443/", "25").map { it to ResolvedTextDirection.Ltr }, directions)
    }

    private companion object {
        val isField = SemanticsMatcher("is a text field") { SemanticsActions.SetText in it.config }
    }
}
