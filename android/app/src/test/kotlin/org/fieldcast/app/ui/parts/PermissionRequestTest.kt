package org.fieldcast.app.ui.parts

import android.Manifest.permission.CAMERA
import android.Manifest.permission.POST_NOTIFICATIONS
import android.app.Application
import android.os.SystemClock
import androidx.activity.ComponentActivity
import androidx.activity.compose.LocalActivityResultRegistryOwner
import androidx.activity.result.ActivityResultRegistry
import androidx.activity.result.ActivityResultRegistryOwner
import androidx.activity.result.contract.ActivityResultContract
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.core.app.ActivityOptionsCompat
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config

/** What the system reports after its dialog: only whether the permission is granted, and whether to explain it. */
@RunWith(RobolectricTestRunner::class)
@Config(sdk = [26, 35], application = Application::class)
class PermissionRequestTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private lateinit var request: PermissionRequest
    private var refusals = 0

    /** Number of the open dialog. */
    private var dialog = 0

    private val system = object : ActivityResultRegistry() {
        override fun <I, O> onLaunch(
            requestCode: Int,
            contract: ActivityResultContract<I, O>,
            input: I,
            options: ActivityOptionsCompat?,
        ) {
            dialog = requestCode
        }
    }

    @Before
    fun show() = rule.setContent {
        val owner = object : ActivityResultRegistryOwner {
            override val activityResultRegistry = system
        }
        CompositionLocalProvider(LocalActivityResultRegistryOwner provides owner) {
            request = rememberPermissionRequest(onRefused = { refusals++ }) {}
        }
    }

    private fun isRefused(permission: String) = request.isRefused(listOf(permission))

    /** Asks, and answers after [millis]. From then on the system [explains] the permission, or not. */
    private fun ask(permission: String, explains: Boolean, isGranted: Boolean = false, millis: Long = 2_000) {
        rule.runOnUiThread {
            request.ask(listOf(permission))
            SystemClock.setCurrentTimeMillis(SystemClock.uptimeMillis() + millis)
            val packages = shadowOf(rule.activity.packageManager)
            packages.setShouldShowRequestPermissionRationale(permission, explains)
            system.dispatchResult(dialog, mapOf(permission to isGranted))
        }
        rule.waitForIdle()
    }

    @Test
    fun `counts no closed dialog as a refusal`() {
        repeat(3) { ask(CAMERA, explains = false) }
        assertFalse(isRefused(CAMERA))
        ask(CAMERA, explains = true)
        ask(CAMERA, explains = true)
        assertFalse("the system still asks", isRefused(CAMERA))
        assertEquals(0, refusals)
    }

    @Test
    fun `knows the last refusal`() {
        ask(CAMERA, explains = true)
        ask(CAMERA, explains = false)
        assertTrue(isRefused(CAMERA))
        assertEquals(1, refusals)
        ask(CAMERA, explains = false, isGranted = true)
        assertFalse(isRefused(CAMERA))
    }

    @Test
    fun `knows an answer without a dialog`() {
        ask(CAMERA, explains = false, millis = 50)
        assertTrue("refused in the settings", isRefused(CAMERA))
        assertEquals(1, refusals)
    }

    @Test
    fun `keeps permissions apart`() {
        ask(POST_NOTIFICATIONS, explains = true)
        ask(POST_NOTIFICATIONS, explains = false)
        assertTrue(isRefused(POST_NOTIFICATIONS))
        assertFalse(isRefused(CAMERA))
        ask(CAMERA, explains = false)
        assertFalse(isRefused(CAMERA))
        assertTrue(isRefused(POST_NOTIFICATIONS))
    }
}
