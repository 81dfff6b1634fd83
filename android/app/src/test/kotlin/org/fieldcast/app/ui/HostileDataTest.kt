package org.fieldcast.app.ui

import androidx.activity.ComponentActivity
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.height
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.unit.dp
import org.fieldcast.app.pictures.noSendActions
import org.fieldcast.app.pictures.sendState
import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.EngineState
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.key
import org.fieldcast.app.ui.history.HistoryScreen
import org.fieldcast.app.ui.history.HistoryUiState
import org.fieldcast.app.ui.history.SpreadLine
import org.fieldcast.app.ui.home.HomeActions
import org.fieldcast.app.ui.home.HomeScreen
import org.fieldcast.app.ui.lookup.HouseholdEntry
import org.fieldcast.app.ui.lookup.LookUpActions
import org.fieldcast.app.ui.lookup.LookUpScreen
import org.fieldcast.app.ui.lookup.LookUpVillage
import org.fieldcast.app.ui.lookup.OwnEditCounts
import org.fieldcast.app.ui.lookup.VillagePickerScreen
import org.fieldcast.app.ui.lookup.uiState
import org.fieldcast.app.ui.send.SendScreen
import org.fieldcast.app.ui.send.VillageChoice
import org.fieldcast.app.ui.send.VillageChoiceScreen
import org.fieldcast.app.ui.settings.StoredVillagesActions
import org.fieldcast.app.ui.settings.StoredVillagesScreen
import org.fieldcast.app.ui.settings.VillageData
import org.fieldcast.app.ui.theme.FieldcastTheme
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The screens with data that is incomplete, too much, or made to confuse them. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-mdpi", application = android.app.Application::class)
class HostileDataTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private var shown by mutableStateOf<(@Composable () -> Unit)?>(null)

    private val confusing = listOf(
        Dataset("mz", "p/a", "b"), Dataset("mz", "p", "a/b"), Dataset("mz/p", "a", "b"), Dataset("mz", "p/a/b", null),
    )

    private fun seesAll(screen: @Composable () -> Unit) {
        shown = screen
        rule.waitForIdle()
        assertEquals(confusing.size, rule.onAllNodesWithText("Kibera", substring = true).fetchSemanticsNodes().size)
    }

    @Test
    fun `lists villages whose ids contain the separator`() {
        rule.setContent { FieldcastTheme { Box(Modifier.height(2000.dp)) { shown?.invoke() } } }
        val rows = confusing.map { VillageData(it, "Kibera", 1, 1, emptyList(), false) }
        seesAll { StoredVillagesScreen(rows, null, null, 0, StoredVillagesActions({}, {}, {})) }
        val choices = confusing.map { VillageChoice(it.key, "Kibera", 1uL, true) }
        seesAll { VillageChoiceScreen(choices, {}, {}) }
        val villages = confusing.map { LookUpVillage(it, "Kibera", 1) }
        seesAll { VillagePickerScreen(villages, null, {}, {}) }
        val spread = confusing.map { SpreadLine(it.key, "Kibera", 1, 1) }
        seesAll { HistoryScreen(HistoryUiState(emptyList(), spread), null, 0, {}, {}) }
        val households = confusing.map { HouseholdEntry(it, "-", "root", listOf("Kibera"), true) }
        val found = uiState(emptyList(), null, "", households, 1f, OwnEditCounts(), emptyList())
        seesAll { LookUpScreen(found, null, 0, LookUpActions({}, {}, {}, {}, {})) }
    }

    @Test
    fun `shows no date of a village that was never complete`() {
        val summary = SnapshotSummary(Dataset("mz", "p", "a"), "p", "Kibera", 0, 1uL, 3uL, 1uL, "")
        val villages = listOf(DatasetStatus(summary, null, emptyList(), false))
        val stored = Stored(null, villages, StorageInfo(1uL, 1uL), emptyList(), emptyList(), null)
        val actions = HomeActions({}, {}, {}, {}, {}, {}, {}, {}, {})
        rule.setContent { FieldcastTheme { HomeScreen(EngineState.Opening, stored, 0, actions) } }
        rule.onNodeWithText("1 village").assertExists()
        rule.onNodeWithText("As of", substring = true).assertDoesNotExist()
    }

    @Test
    fun `lets the user choose fewer villages than one offer holds`() {
        val failed = SendStatus.Failed(Connection.PRESENT_WIFI, FieldcastException.TooManyBoundaries(214uL, ""))
        rule.setContent { FieldcastTheme { SendScreen(sendState(failed), noSendActions) } }
        rule.onNodeWithText("At most 214 villages", substring = true).assertExists()
        rule.onNodeWithText("Choose fewer villages").performClick()
        rule.onNodeWithText("Villages to send").assertExists()
    }
}
