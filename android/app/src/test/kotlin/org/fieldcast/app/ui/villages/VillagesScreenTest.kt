package org.fieldcast.app.ui.villages

import android.app.Application
import androidx.activity.ComponentActivity
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.assertIsFocused
import androidx.compose.ui.test.assertTextContains
import androidx.compose.ui.test.hasSetTextAction
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performTextInput
import org.fieldcast.app.ui.theme.FieldcastTheme
import org.fieldcast.sdk.core.Boundary
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config

@RunWith(RobolectricTestRunner::class)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = Application::class)
class VillagesScreenTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private val list = VillageList("p", "Nets", VillageTree(listOf(Boundary("a", "Aube", "VILLAGE", null, 0u, true))))

    /** Results follow the typed text later. */
    @Test
    fun `keeps the search field while the user types`() {
        var shown by mutableStateOf(uiState(list, VillageSelection(), null))
        var asked = listOf<String>()
        val actions = VillagesActions({}, { asked += it }, {}, { _, _ -> }, {}, {}, {})
        rule.setContent { FieldcastTheme { VillagesScreen(shown, 0, actions) } }
        val field = rule.onNode(hasSetTextAction())
        field.performClick()
        field.performTextInput("a")
        field.performTextInput("u")
        shown = uiState(list, VillageSelection(search = asked.first()), null)
        field.assertIsFocused()
        field.assertTextContains("au")
    }
}
