package org.fieldcast.app

import android.app.Application
import androidx.compose.ui.test.hasAnyAncestor
import androidx.compose.ui.test.hasClickAction
import androidx.compose.ui.test.hasText
import androidx.compose.ui.test.isDialog
import androidx.compose.ui.test.performClick
import java.nio.file.Files
import java.nio.file.attribute.PosixFilePermissions
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.support.Phones
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.newFolder
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Finds phones whose data was copied from one to the other. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [35], qualifiers = "w1440dp-h640dp-mdpi", application = Application::class)
class SharedKeyTest {
    @get:Rule val phones = Phones()

    /** The engine takes no key that others can read. */
    private val ownerOnly = PosixFilePermissions.fromString("rw-------")

    @Test
    fun `says that phones have the same key, until one has a new identity`() {
        val first = TestPhone("Moussa", air = phones.air)
        runBlocking { first.open(newIdentity = false).shutDown() }
        val copy = newFolder().also { first.folder.copyRecursively(it) }
        copy.walk().filter { it.isFile }.forEach { Files.setPosixFilePermissions(it.toPath(), ownerOnly) }
        val moussa = phones.add(first)
        val fatou = phones.add(TestPhone("Fatou", copy, air = phones.air))
        moussa.taps("Receive data")
        fatou.taps("Receive data")
        moussa.sees("This phone and Fatou have the same key")
        fatou.sees("This phone and Moussa have the same key")
        fatou.taps("Open the settings")
        fatou.taps("Make a new identity")
        fatou.sees("Make a new identity?")
        val confirm = hasText("Make a new identity") and hasClickAction() and hasAnyAncestor(isDialog())
        phones.rule.onNode(confirm).performClick()
        fatou.waitUntil("the identity is new") {
            fatou.app.sharedKeys.state.value.isEmpty() && fatou.fingerprint != moussa.fingerprint
        }
    }
}
