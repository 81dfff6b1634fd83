package org.fieldcast.app

import android.app.Application
import java.io.File
import org.fieldcast.app.support.Phones
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.newFolder
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w1080dp-h640dp-mdpi", application = Application::class)
class OpeningTest {
    @get:Rule val phones = Phones()

    @Test
    fun `says that the engine does not open, and tries again`() {
        val folder = newFolder()
        val obstacle = File(folder, "fieldcast").apply { writeText("not a folder") }
        val asha = phones.add(TestPhone("Asha", folder))
        asha.taps("Try again")
        asha.sees("Try again")
        obstacle.delete()
        asha.taps("Try again")
        asha.sees("There is no village data")
    }

    @Test
    fun `closes a phone whose engine did not open`() {
        val folder = newFolder()
        File(folder, "fieldcast").writeText("not a folder")
        phones.add(TestPhone("Asha", folder)).sees("Try again")
    }
}
