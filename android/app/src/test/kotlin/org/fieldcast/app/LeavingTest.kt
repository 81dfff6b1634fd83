package org.fieldcast.app

import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.compose.ui.test.onNodeWithContentDescription
import androidx.compose.ui.test.performClick
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.support.Air
import org.fieldcast.app.support.PhoneContext
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.download
import org.fieldcast.sdk.core.Answer
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** The user turns the phone or leaves the screen while another phone, which has no screen here, exchanges data with it. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-mdpi", application = TestApp::class)
class LeavingTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val air = Air()
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val mine = TestPhone("Asha", air = air).also { TestApp.next = it }
    private val other = TestPhone("Fatou", air = air)
    private val app by lazy { ApplicationProvider.getApplicationContext<TestApp>().state }
    private val partner by lazy { AppState(PhoneContext(app.context, other), other, scope) }

    @After
    fun end() = runBlocking {
        val engines = listOf(app, partner).map { it.engine.fieldcast() }
        scope.cancel()
        app.scope.cancel()
        engines.forEach { it.shutDown() }
    }

    private fun onScreen(use: Robot.(ActivityScenario<MainActivity>) -> Unit) =
        ActivityScenario.launch(MainActivity::class.java).use { Robot(rule).use(it) }

    private fun ActivityScenario<MainActivity>.pressBack() = onActivity { it.onBackPressedDispatcher.onBackPressed() }

    private fun AppState.downloadAll() = runBlocking {
        engine.fieldcast().download(4)
        villages.refresh()
    }

    private fun <T> awaiting(wait: suspend () -> T): T = runBlocking { withTimeout(30_000) { wait() } }

    @Test
    fun `sends on`() = onScreen { scenario ->
        app.downloadAll()
        partner.receive.onScreenOpened()
        partner.receive.start()
        taps("Send data")
        taps("Fatou")
        scenario.recreate()
        taps("Send")
        val question = awaiting {
            partner.receive.status.filterIsInstance<ReceiveStatus.On>().mapNotNull { it.receiving.question }.first()
        }
        val relay = checkNotNull(other.antenna).relay
        relay.hold(after = 12_000)
        partner.receive.answer(question, Answer.TRUST)
        assertEquals(question.code, code())
        scenario.recreate()
        assertEquals(question.code, code())
        taps("Codes match")
        waitUntil("the data stops") { relay.isHolding }
        sees("Sending")
        taps("Stop sending")
        sees("Some phones are not up to date yet.")
        scenario.recreate()
        taps("Continue sending")
        scenario.pressBack()
        sees("Share data")
        relay.release()
        awaiting { partner.receive.status.first { it is ReceiveStatus.On && it.receiving.saved.isNotEmpty() } }
        taps("Send data")
        sees("1 of 1 phone up to date")
        scenario.recreate()
        sees("1 of 1 phone up to date")
    }

    @Test
    fun `stays on the home screen after two quick taps on Back`() = onScreen {
        taps("Receive data")
        sees("This phone is visible")
        rule.mainClock.autoAdvance = false
        repeat(2) {
            rule.onNodeWithContentDescription("Back").performClick()
            rule.mainClock.advanceTimeByFrame()
        }
        rule.mainClock.autoAdvance = true
        sees("Share data")
    }

    @Test
    fun `receives on`() = onScreen { scenario ->
        partner.downloadAll()
        val datasets = awaiting { partner.engine.fieldcast().datasets().map { it.summary.dataset } }
        taps("Receive data")
        sees("This phone is visible")
        partner.send.onScreenOpened()
        partner.send.start(datasets, Connection.PRESENT_WIFI)
        val on = partner.send.status.filterIsInstance<SendStatus.On>()
        val asha = awaiting { on.mapNotNull { it.receivers.firstOrNull() }.first() }
        partner.send.sendTo(listOf(asha.fingerprint))
        val code = code()
        scenario.recreate()
        assertEquals(code, code())
        scenario.pressBack()
        sees("Share data")
        taps("Receive data")
        assertEquals("the question waits for its answer", code, code())
        val relay = checkNotNull(mine.antenna).relay
        relay.hold(after = 12_000)
        taps("Receive data")
        awaiting { on.map { it.receivers.single().nearby.code }.first { it != null } }
        partner.send.answer(asha.fingerprint, isSame = true)
        waitUntil("the data stops") { relay.isHolding }
        sees("Receiving")
        scenario.recreate()
        sees("Receiving")
        taps("Back")
        sees("Share data")
        relay.release()
        sees("120 households")
        taps("Receive data")
        sees("120 households of 4 villages saved")
        scenario.recreate()
        sees("120 households of 4 villages saved")
    }
}
