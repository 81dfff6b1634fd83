package org.fieldcast.app.ui

import android.app.Application
import android.icu.util.TimeZone
import android.provider.Settings
import androidx.activity.ComponentActivity
import androidx.compose.foundation.layout.Column
import androidx.compose.material3.Text
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.test.onNodeWithText
import androidx.test.core.app.ApplicationProvider
import org.fieldcast.app.pictures.Look
import org.fieldcast.app.pictures.Picture
import org.fieldcast.app.pictures.OnPhone
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], application = Application::class)
class FormatsTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private val application = ApplicationProvider.getApplicationContext<Application>()
    private val zone = TimeZone.getDefault()

    @After
    fun restoreZone() = TimeZone.setDefault(zone)

    @Test
    fun `makes formats once for each configuration`() {
        val seen = mutableListOf<Formats>()
        var look by mutableStateOf(Look("en"))
        val rows = Picture("rows") {
            Column { repeat(500) { row -> Text(formats().also { seen += it }.count(1_000L + row)) } }
        }
        rule.setContent { OnPhone(rows, look) }
        rule.onNodeWithText("1,007").assertExists()
        assertEquals(500, seen.size)
        look = Look("pt")
        rule.onNodeWithText("1.007").assertExists()
        assertEquals(2, seen.distinct().size)
    }

    // Robolectric has the patterns of the languages only for newer levels.
    @Test
    @Config(sdk = [35])
    fun `follows the clock and the zone of the phone`() {
        val formats = Formats(application)
        fun shown() = formats.moment(NOON, NOON).replace('\u202f', ' ')
        TimeZone.setDefault(TimeZone.getTimeZone("Africa/Maputo"))
        use24Hours(true)
        assertEquals("Monday 14:00", shown())
        use24Hours(false)
        assertEquals("Monday 2:00 PM", shown())
        TimeZone.setDefault(TimeZone.getTimeZone("UTC"))
        assertEquals("Monday 12:00 PM", shown())
    }

    private fun use24Hours(is24: Boolean) =
        Settings.System.putString(application.contentResolver, Settings.System.TIME_12_24, if (is24) "24" else "12")

    private companion object {
        /** 2026-03-02, 12:00 UTC. */
        const val NOON = 1_772_452_800_000L
    }
}
