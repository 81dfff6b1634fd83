package org.fieldcast.app.support

import androidx.activity.ComponentActivity
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.width
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.mutableStateListOf
import androidx.compose.runtime.remember
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.test.hasTestTag
import androidx.compose.ui.test.junit4.AndroidComposeTestRule
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.compose.ui.unit.dp
import androidx.lifecycle.ViewModelStore
import androidx.lifecycle.ViewModelStoreOwner
import androidx.lifecycle.viewmodel.compose.LocalViewModelStoreOwner
import androidx.test.ext.junit.rules.ActivityScenarioRule
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.EngineState
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.ui.AppNavigation
import org.fieldcast.app.ui.theme.FieldcastTheme
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.LocalEdit
import org.fieldcast.sdk.core.RecordQuery
import org.junit.rules.TestRule
import org.junit.runner.Description
import org.junit.runners.model.Statement

/** Phones beside each other on one wide screen, each with the whole app. */
class Phones : TestRule {
    val rule: AndroidComposeTestRule<ActivityScenarioRule<ComponentActivity>, ComponentActivity> =
        createAndroidComposeRule<ComponentActivity>()
    private val shown = mutableStateListOf<AppRobot>()

    /** The air between the phones. */
    val air = Air()

    /** Opens the app on another phone. */
    fun add(phone: TestPhone): AppRobot {
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val context = PhoneContext(rule.activity.applicationContext, phone)
        return AppRobot(rule, phone, AppState(context, phone, scope)).also { shown += it }
    }

    fun add(name: String): AppRobot = add(TestPhone(name, air = air))

    override fun apply(base: Statement, description: Description): Statement = rule.apply(
        object : Statement() {
            override fun evaluate() {
                rule.setContent { FieldcastTheme { Row { shown.forEach { Screen(it) } } } }
                try {
                    base.evaluate()
                } finally {
                    val ended = shown.toList()
                    shown.clear()
                    rule.waitForIdle()
                    ended.forEach { it.close() }
                }
            }
        },
        description,
    )

    @Composable
    private fun Screen(robot: AppRobot) {
        val owner = remember(robot) {
            object : ViewModelStoreOwner {
                override val viewModelStore = ViewModelStore()
            }
        }
        CompositionLocalProvider(LocalViewModelStoreOwner provides owner) {
            Box(Modifier.width(360.dp).fillMaxHeight().testTag(tag(robot.phone))) { AppNavigation(robot.app) }
        }
    }
}

private fun tag(phone: TestPhone) = "phone ${phone.name}"

/** A user of one of the [Phones]. */
class AppRobot(
    rule: AndroidComposeTestRule<*, *>,
    val phone: TestPhone,
    val app: AppState,
) : Robot(rule, hasTestTag(tag(phone))), AutoCloseable {
    /** Calls the engine. */
    fun <T> engine(call: suspend (Fieldcast) -> T): T = runBlocking { call(app.engine.fieldcast()) }

    /** Downloads this many villages without the screens. */
    fun hasDownloaded(villages: Int) {
        engine { it.download(villages) }
        app.villages.refresh()
        waitUntil("the villages are known") { app.villages.stored.value?.villages?.size == villages }
    }

    /** The stored data: equal on two phones if their records are. */
    val digests: Map<Dataset, String>
        get() = engine { engine -> engine.datasets().associate { it.summary.dataset to it.summary.digest } }

    /** What stands between this visible phone and the others of its air. */
    val relay: Relay get() = checkNotNull(phone.antenna).relay

    val fingerprint: String get() = engine { it.device().fingerprint }

    /** Changes a record of this type, without the screens. */
    fun edits(entity: String, body: String): LocalEdit = engine { engine ->
        val dataset = engine.datasets().first { it.summary.dataset.boundary != null }.summary.dataset
        val record = engine.records(RecordQuery(dataset, entity = entity)).first()
        LocalEdit(dataset, entity, record.id, record.root, false, body, phone.now()).also { engine.putEdit(it) }
    }

    /** The text of a code that invites receivers. */
    fun invite(): String = runBlocking {
        app.send.status.first { it is SendStatus.On }
        checkNotNull(app.send.invite()).text
    }

    /** Scans a code: types it, instead of the camera. */
    fun scans(code: String, button: String = "Scan code") {
        taps(button)
        types("Text of the code", code)
        taps("Use this code")
    }

    /** Sends to these phones until they are asked. */
    fun offersTo(vararg receivers: AppRobot) {
        receivers.forEach { it.taps("Receive data") }
        taps("Send data")
        receivers.forEach { taps(it.phone.name) }
        taps("Send")
    }

    /** Sends until the middle of the first transfer of two phones, where it stops until the returned relay is released. */
    fun isSendingTo(receiver: AppRobot): Relay {
        offersTo(receiver)
        receiver.code()
        val relay = receiver.relay
        relay.hold(after = 12_000)
        receiver.taps("Receive data")
        taps("Codes match")
        receiver.sees("Receiving")
        waitUntil("the data stops") { relay.isHolding }
        return relay
    }

    override fun close() = runBlocking {
        val engine = app.engine.state.first { it !is EngineState.Opening }
        app.scope.cancel()
        if (engine is EngineState.Open) engine.fieldcast.shutDown()
    }
}

/** Logs in to the sandbox, and downloads this many villages. */
suspend fun Fieldcast.download(villages: Int) {
    login(sandbox, "mz", "distributor", "fieldcast")
    val project = chooseProject(projects().first().id)
    val leaves = boundaries(project).filter { it.leaf }.map { it.code }
    val report = downsync(project, leaves.take(villages)).use { it.await() }
    check(report.failed.isEmpty()) { report }
}
