package org.fieldcast.app

import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.test.core.app.ActivityScenario
import kotlinx.coroutines.CompletableDeferred
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
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
    fun `shows the home screen`() {
        TestApp.next = TestPhone("Asha")
        ActivityScenario.launch(MainActivity::class.java).use {
            val asha = Robot(rule)
            asha.sees("Share data")
            asha.sees("There is no village data")
        }
    }
}
