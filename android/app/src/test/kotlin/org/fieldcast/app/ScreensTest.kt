package org.fieldcast.app

import android.graphics.Bitmap
import android.graphics.Canvas
import androidx.activity.ComponentActivity
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.graphics.asAndroidBitmap
import androidx.compose.ui.platform.ViewRootForTest
import androidx.compose.ui.test.captureToImage
import androidx.compose.ui.test.isRoot
import androidx.compose.ui.test.junit4.v2.createAndroidComposeRule
import androidx.core.graphics.withTranslation
import java.awt.image.BufferedImage
import org.fieldcast.app.pictures.Look
import org.fieldcast.app.pictures.OnPhone
import org.fieldcast.app.pictures.Picture
import org.fieldcast.app.pictures.allPictures
import org.fieldcast.app.pictures.looks
import org.fieldcast.app.support.PictureStore
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/**
 * Draws every screen in every language and theme, with the normal and the largest font, and compares it with
 * docs/pictures. `cargo xtask app android --screens` writes them anew.
 */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w360dp-h640dp-hdpi", application = android.app.Application::class)
class ScreensTest {
    @get:Rule val rule = createAndroidComposeRule<ComponentActivity>()

    private var shown by mutableStateOf<Pair<Picture, Look>?>(null)

    @Test
    fun `matches the stored pictures`() {
        rule.setContent { shown?.let { (picture, look) -> OnPhone(picture, look) } }
        val differences = looks.flatMap { look ->
            PictureStore(look).differences(allPictures.associate { it.name to drawn(it, look) })
        }
        assertEquals("look at target/android-app/screens; `cargo xtask app android --screens` accepts", "", differences.joinToString("\n"))
    }

    private fun drawn(picture: Picture, look: Look): BufferedImage {
        shown = picture to look
        try {
            rule.waitForIdle()
        } catch (error: Exception) {
            throw AssertionError("${picture.name} never comes to rest", error)
        }
        // A dialog has another root view: it is drawn over the dimmed screen.
        val roots = rule.onAllNodes(isRoot()).fetchSemanticsNodes().map { (it.root as ViewRootForTest).view.rootView }
        val whole = rule.onAllNodes(isRoot())[0].captureToImage().asAndroidBitmap().copy(Bitmap.Config.ARGB_8888, true)
        val canvas = Canvas(whole)
        for (dialog in roots.distinct().drop(1)) {
            canvas.drawColor(0x52000000)
            canvas.withTranslation((whole.width - dialog.width) / 2f, (whole.height - dialog.height) / 2f) { dialog.draw(this) }
        }
        return whole.toImage()
    }

    private fun Bitmap.toImage(): BufferedImage {
        val pixels = IntArray(width * height)
        getPixels(pixels, 0, width, 0, 0, width, height)
        return BufferedImage(width, height, BufferedImage.TYPE_INT_RGB).also { it.setRGB(0, 0, width, height, pixels, 0, width) }
    }
}
