package org.fieldcast.app

import android.app.Notification
import android.app.NotificationManager
import android.content.Intent
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.lifecycle.Lifecycle
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import androidx.test.platform.app.InstrumentationRegistry
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.sandbox
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Notifications about downloads, and where they lead. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-xhdpi", application = TestApp::class)
class MessagesTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val app = ApplicationProvider.getApplicationContext<TestApp>()
    private val state: AppState get() = app.state

    private fun onPhone(use: Robot.(ActivityScenario<MainActivity>) -> Unit) {
        TestApp.next = TestPhone("Asha")
        ActivityScenario.launch(MainActivity::class.java).use { Robot(rule).use(it) }
    }

    private fun messages(): List<Notification> =
        shadowOf(app.getSystemService(NotificationManager::class.java)).allNotifications.filter { it.channelId == "results" }

    private fun Robot.message(title: String): Notification {
        waitUntil("\"$title\" is told", 60) { titles() == listOf(title) }
        return messages().single()
    }

    private fun titles() = messages().map { it.extras.getString(Notification.EXTRA_TITLE) }

    private val Notification.target: Intent get() = shadowOf(contentIntent).savedIntent

    private fun download(): DownloadRequest = runBlocking {
        val fieldcast = state.engine.fieldcast()
        fieldcast.login(sandbox, "mz", "distributor", "fieldcast")
        val project = fieldcast.chooseProject(fieldcast.projects().first().id)
        DownloadRequest(project.id, fieldcast.boundaries(project).filter { it.leaf }.map { it.code })
    }

    @Test
    fun `tells that a download is complete, and leads to it`() = onPhone { scenario ->
        sees("Share data")
        scenario.moveToState(Lifecycle.State.CREATED)
        state.download.start(download())
        val message = message("The download is complete")
        scenario.onActivity {
            InstrumentationRegistry.getInstrumentation().callActivityOnNewIntent(it, message.target)
        }
        scenario.moveToState(Lifecycle.State.RESUMED)
        sees("This is on the phone now")
        waitUntil("the message disappears") { messages().isEmpty() }
        taps("Back")
        sees("Share data")
    }

    @Test
    fun `tells why a download has stopped, and leads to it after the process was killed`() {
        var target = Intent()
        onPhone { scenario ->
            sees("Share data")
            val request = download()
            scenario.moveToState(Lifecycle.State.CREATED)
            state.download.start(request.copy(villages = listOf("gone")))
            val message = message("The download has stopped")
            assertEquals("This selection is no longer valid. Select again.", message.extras.getString(Notification.EXTRA_TEXT))
            target = message.target
        }
        ActivityScenario.launch<MainActivity>(target).use { Robot(rule).sees("This selection is no longer valid") }
    }

    @Test
    fun `tells nothing while the app is on the screen`() = onPhone { scenario ->
        sees("Share data")
        val request = download()
        state.download.start(request.copy(villages = listOf("gone")))
        sees("The download has stopped")
        scenario.moveToState(Lifecycle.State.CREATED)
        state.download.retry()
        message("The download has stopped")
        state.download.cancel()
        waitUntil("the message disappears") { messages().isEmpty() }
    }
}
