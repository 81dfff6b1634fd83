package org.fieldcast.app

import android.os.Looper
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.test.core.app.ActivityScenario
import java.util.concurrent.ConcurrentHashMap
import kotlin.concurrent.thread
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.newFolder
import org.fieldcast.app.support.sandbox
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-xhdpi", application = TestApp::class)
class ColdStartTest {
    @get:Rule val rule = createEmptyComposeRule()

    @Test
    fun `shows the home screen before the engine is open`() {
        val phone = TestPhone("Asha", mayOpen = false)
        TestApp.next = phone
        ActivityScenario.launch(MainActivity::class.java).use {
            val asha = Robot(rule)
            asha.sees("Share data")
            phone.mayOpen.complete(Unit)
            asha.sees("There is no village data")
        }
    }

    @Test
    fun `leads to the villages of a user who has logged in, as soon as that is known`() {
        val folder = newFolder()
        runBlocking {
            val fieldcast = TestPhone("Asha", folder).open(newIdentity = false)
            fieldcast.login(sandbox, "mz", "distributor", "fieldcast")
            fieldcast.chooseProject(fieldcast.projects().first().id)
            fieldcast.shutDown()
        }
        val phone = TestPhone("Asha", folder, mayOpen = false)
        TestApp.next = phone
        ActivityScenario.launch(MainActivity::class.java).use {
            val asha = Robot(rule)
            asha.taps("Download")
            asha.sees("Share data")
            phone.mayOpen.complete(Unit)
            asha.sees("Search by name")
        }
    }

    @Test
    fun `calls no engine on the main thread`() {
        TestApp.next = TestPhone("Asha")
        val main = Looper.getMainLooper().thread
        val seen = ConcurrentHashMap.newKeySet<String>()
        val watch = thread(isDaemon = true) {
            while (!Thread.interrupted()) {
                main.stackTrace.firstOrNull { frame -> ENGINE.any(frame.className::startsWith) }
                    ?.let { seen += it.toString() }
            }
        }
        ActivityScenario.launch(MainActivity::class.java).use { Robot(rule).sees("There is no village data") }
        watch.interrupt()
        watch.join()
        assertEquals(emptySet<String>(), seen)
    }

    private companion object {
        /** The engine's functions, their native parts, and the library that loads and calls them. */
        val ENGINE = listOf("Fieldcast_ffi", "UniffiLib").map { "org.fieldcast.sdk.core.$it" } + "com.sun.jna."
    }
}
