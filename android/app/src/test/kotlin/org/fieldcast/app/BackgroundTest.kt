package org.fieldcast.app

import android.app.Application
import android.app.Notification
import android.app.NotificationManager
import androidx.lifecycle.Lifecycle
import androidx.test.core.app.ApplicationProvider
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.support.Phones
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** What transfers do and tell while nobody looks at their screens. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w1080dp-h640dp-mdpi", application = Application::class)
class BackgroundTest {
    @get:Rule val phones = Phones()

    private val application = ApplicationProvider.getApplicationContext<Application>()

    private fun told(): List<String> =
        shadowOf(application.getSystemService(NotificationManager::class.java)).allNotifications
            .filter { it.channelId != "transfer" }
            .map { it.extras.getString(Notification.EXTRA_TITLE).orEmpty() }

    private fun leaveApps() = phones.rule.activityRule.scenario.moveToState(Lifecycle.State.CREATED)

    private fun returnToApps() = phones.rule.activityRule.scenario.moveToState(Lifecycle.State.RESUMED)

    @Test
    fun `ends transfers whose screens are closed, and shows their results later`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(4)
        val relay = asha.isSendingTo(fatou)
        asha.taps("Back")
        fatou.taps("Back")
        fatou.sees("Share data")
        assertEquals(true, asha.app.send.status.value is SendStatus.On)
        assertEquals(true, fatou.app.receive.status.value is ReceiveStatus.On)
        relay.release()
        asha.waitUntil("sending ends", 60) { asha.app.send.status.value is SendStatus.Off }
        fatou.waitUntil("receiving ends", 60) { fatou.app.receive.status.value is ReceiveStatus.Off }
        assertEquals(asha.digests, fatou.digests)

        fatou.taps("Receive data")
        fatou.sees("of 4 villages saved")
        asha.taps("Send data")
        asha.sees("1 of 1 phone up to date")
        listOf(asha, fatou).forEach { it.taps("Go to home screen") }
        fatou.taps("Receive data")
        fatou.sees("This phone is visible")
        fatou.seesNoMore("of 4 villages saved")
        asha.taps("Send data")
        asha.sees("Phones nearby")
        asha.seesNoMore("1 of 1 phone up to date")
    }

    @Test
    fun `tells about questions and results while the app is not on the screen`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(4)
        fatou.taps("Receive data")
        asha.taps("Send data")
        asha.taps("Fatou")
        leaveApps()
        asha.app.send.sendTo(listOf(fatou.fingerprint))
        val question = "Asha wants to send village data"
        fatou.waitUntil("the question is told") { question in told() }
        returnToApps()
        fatou.waitUntil("the question is seen") { told().isEmpty() }
        val relay = fatou.relay
        relay.hold(after = 12_000)
        fatou.code()
        fatou.taps("Receive data")
        asha.taps("Codes match")
        asha.waitUntil("the data stops") { relay.isHolding }
        leaveApps()
        relay.release()
        val results = listOf("1 of 1 phone up to date", "Village data saved")
        fatou.waitUntil("the results are told", 60) { told().sorted() == results }
        returnToApps()
        fatou.waitUntil("the results are seen") { told().isEmpty() }
        fatou.sees("of 4 villages saved")
    }
}
