package org.fieldcast.app

import android.app.Application
import org.fieldcast.app.support.AppRobot
import org.fieldcast.app.support.Office
import org.fieldcast.app.support.Phones
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Adds what a campaign office gives as a code. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-mdpi", application = Application::class)
class AddPermissionTest {
    @get:Rule val phones = Phones()

    private fun AppRobot.scansPermission(code: String) = scans(code, "Scan a permission")

    @Test
    fun `adds a campaign, its permission and its list of blocked phones`() {
        val fatou = phones.add("Fatou")
        val office = Office()
        fatou.taps("Trusted phones")
        fatou.scansPermission(office.key)
        fatou.sees("Trust this campaign?")
        fatou.types("Name of the campaign", "Bed nets")
        fatou.taps("Trust the campaign")
        fatou.sees("Bed nets")

        fatou.scansPermission(office.grants(fatou.fingerprint))
        fatou.sees("Save this permission?")
        fatou.sees("This phone may send and receive")
        assertEquals(0, fatou.engine { it.heldGrants() }.size)
        fatou.taps("Save")
        fatou.sees("Permissions of this phone")
        assertEquals(1, fatou.engine { it.heldGrants() }.size)

        val (first, other) = office.revokes("b".repeat(64)) to office.revokes("c".repeat(64))
        fatou.scansPermission(first)
        fatou.sees("1 phone is blocked")
        fatou.taps("Save")
        fatou.scansPermission(other)
        fatou.taps("Save")
        fatou.sees("This phone has a newer list of blocked phones")
    }

    @Test
    fun `says why a code cannot be added`() {
        val fatou = phones.add("Fatou")
        val office = Office()
        val problems = listOf(
            "https://example.org" to "This is not a code of a campaign office",
            office.grants(fatou.fingerprint).dropLast(4) + "AAAA" to "This code was changed",
            office.grants(fatou.fingerprint) to "from a campaign that this phone does not know",
        )
        fatou.taps("Trusted phones")
        for ((code, text) in problems) {
            fatou.scansPermission(code)
            fatou.sees(text)
            fatou.taps("Back")
        }
        fatou.engine { it.trustCampaign(office.key, "Bed nets") }
        fatou.scansPermission(office.grants("b".repeat(64)))
        fatou.sees("This permission is for another phone")
    }
}
