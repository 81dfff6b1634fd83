package org.fieldcast.app

import org.fieldcast.app.support.AppRobot
import org.fieldcast.app.support.Office
import org.fieldcast.app.support.Phones
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.choosesAll
import org.junit.Assert.assertEquals
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/** Two or more phones exchange village data, each with the screens and the real engine. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w1080dp-h640dp-mdpi", application = android.app.Application::class)
class ExchangeJourneyTest {
    @get:Rule val phones = Phones()

    /** Another test of this machine may use the same names in mDNS. */
    private fun unique(name: String) = "$name ${ProcessHandle.current().pid()}"

    @Test
    fun `downloads, sends in four taps and receives in three`() {
        val asha = phones.add(TestPhone(unique("Asha")))
        val fatou = phones.add(TestPhone(unique("Fatou")))
        asha.choosesAll()
        asha.taps("Download 4 villages")
        asha.sees("The download is complete", 120)
        asha.taps("Go to home screen")

        val (before, none) = asha.taps to fatou.taps
        asha.taps("Send data")
        fatou.taps("Receive data")
        asha.taps(fatou.phone.name)
        asha.taps("Send")
        assertEquals(asha.code(), fatou.code())
        fatou.taps("Receive data")
        asha.taps("Codes match")
        fatou.sees("120 households of 4 villages saved", 60)
        asha.sees("1 of 1 phone up to date")
        assertEquals("taps of the distributor", 4, asha.taps - before)
        assertEquals("taps of the receiver", 2, fatou.taps - none)

        assertEquals(asha.digests, fatou.digests)
        fatou.taps("Look up")
        fatou.sees("On this phone: 120 households")
        fatou.sees("people, ")
        fatou.taps("Back")
        fatou.taps("Go to home screen")
        fatou.sees("120 households")
    }

    /** The first exchange of two phones. */
    private fun AppRobot.sendsTo(receiver: AppRobot) {
        offersTo(receiver)
        receiver.taps("Receive data")
        taps("Codes match")
        receiver.sees("saved")
        sees("up to date")
    }

    @Test
    fun `compares the code only once`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        asha.sendsTo(fatou)
        asha.taps("Go to home screen")
        asha.taps("Send data")
        asha.taps("Stop sending")
        asha.hasDownloaded(2)
        fatou.taps("Go to home screen")
        asha.offersTo(fatou)
        fatou.sees("You compared codes with Asha before")
        fatou.taps("Receive data")
        fatou.sees("of 2 villages saved")
        asha.sees("1 of 1 phone up to date")
        assertEquals(asha.digests, fatou.digests)
    }

    @Test
    fun `sends again after the receiver declined`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        asha.offersTo(fatou)
        fatou.taps("Decline")
        asha.sees("The receiver declined.")
        asha.sees("0 of 1 phone up to date")
        asha.taps("Try again")
        fatou.taps("Receive data")
        asha.taps("Codes match")
        fatou.sees("saved")
        asha.sees("1 of 1 phone up to date")
    }

    @Test
    fun `ends when the sender cancels`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(4)
        val relay = asha.isSendingTo(fatou)
        asha.taps("Cancel sending to Fatou")
        asha.sees("The sender cancelled.")
        relay.release()
        fatou.sees("The sender cancelled.")
        assertEquals(emptyMap<Any, Any>(), fatou.digests)
    }

    @Test
    fun `ends when the receiver cancels`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(4)
        val relay = asha.isSendingTo(fatou)
        fatou.taps("Cancel")
        relay.release()
        asha.sees("The receiver cancelled.")
        fatou.sees("This phone is visible")
        assertEquals(emptyMap<Any, Any>(), fatou.digests)
    }

    @Test
    fun `ends when the sender's user says that the codes differ`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        asha.offersTo(fatou)
        fatou.taps("Receive data")
        asha.taps("Codes differ")
        asha.sees("The codes were different.")
        fatou.sees("The codes were different.")
    }

    @Test
    fun `ends when the receiver's user says that the codes differ`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        asha.offersTo(fatou)
        fatou.taps("Codes differ")
        asha.sees("The codes were different.")
        fatou.sees("The codes were different.")
    }

    @Test
    fun `receives by a scanned code without comparing`() {
        val (asha, zuri) = listOf("Asha", "Zuri").map(phones::add)
        asha.hasDownloaded(1)
        asha.taps("Send data")
        asha.taps("Show code")
        asha.sees("Valid for 29 minutes")
        zuri.taps("Receive data")
        zuri.scans("nonsense")
        zuri.sees("This is not a Fieldcast code")
        zuri.scans(asha.invite())
        zuri.sees("Connected")
        asha.taps("Back")
        asha.taps("Zuri")
        asha.taps("Send")
        zuri.taps("Receive data")
        zuri.sees("saved")
        asha.sees("1 of 1 phone up to date")
    }

    @Test
    fun `adds a late phone while another transfer runs`() {
        val (asha, fatou, zuri) = listOf("Asha", "Fatou", "Zuri").map(phones::add)
        asha.hasDownloaded(4)
        val relay = asha.isSendingTo(fatou)
        zuri.taps("Receive data")
        asha.taps("Zuri")
        asha.taps("Send")
        assertEquals("the list shows it without scrolling", zuri.code(), asha.code())
        zuri.taps("Receive data")
        asha.taps("Codes match")
        zuri.sees("120 households of 4 villages saved")
        asha.sees("1 of 2 phones up to date")
        relay.release()
        fatou.sees("120 households of 4 villages saved")
        asha.sees("2 of 2 phones up to date")
        assertEquals(asha.digests, zuri.digests)
    }

    @Test
    fun `sends to a queued phone when it comes near`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        asha.sendsTo(fatou)
        fatou.taps("Go to home screen")
        asha.taps("Stop sending")
        asha.hasDownloaded(2)
        asha.taps("Send data")
        asha.taps("Send to Fatou when it comes near")
        asha.sees("Will be sent when it comes near")
        asha.taps("Back")
        fatou.taps("Receive data")
        fatou.taps("Receive data")
        fatou.sees("of 2 villages saved")
        asha.taps("Send data")
        asha.sees("1 of 1 phone up to date")
    }

    @Test
    fun `waits for a selected phone that has left until the user cancels`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        fatou.taps("Receive data")
        asha.taps("Send data")
        asha.taps("Fatou")
        fatou.taps("Back")
        asha.seesNoMore("Fatou")
        asha.app.send.sendTo(listOf(fatou.fingerprint)) // the tap came when it had just left
        asha.sees("Will be sent when it comes near")
        asha.sees("0 of 1 phone up to date")
        asha.taps("Cancel sending to Fatou")
        asha.seesNoMore("up to date")
        asha.app.send.sendTo(listOf(fatou.fingerprint))
        asha.sees("Will be sent when it comes near")
        fatou.taps("Receive data")
        fatou.taps("Receive data")
        asha.taps("Codes match")
        asha.sees("1 of 1 phone up to date")
    }

    @Test
    fun `sends another choice without the result of the last one`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(2)
        asha.sendsTo(fatou)
        asha.taps("Change")
        asha.taps("Select none")
        asha.taps("Matibane 2")
        asha.taps("Send 1 village")
        asha.seesNoMore("up to date")
        asha.sees("1 village")
        asha.sees("Phones nearby")
    }

    @Test
    fun `says that data came after it began to send`() {
        val asha = phones.add("Asha")
        asha.hasDownloaded(1)
        asha.taps("Send data")
        asha.sees("Phones nearby")
        asha.hasDownloaded(2)
        asha.sees("1 village has new data that is not sent yet.")
        asha.taps("Send the new data")
        asha.seesNoMore("that is not sent yet")
        asha.sees("2 villages")
    }

    @Test
    fun `says on both phones that the storage of one is full`() {
        val asha = phones.add("Asha")
        val fatou = phones.add(TestPhone("Fatou", air = phones.air, reserve = 1uL shl 60))
        asha.hasDownloaded(1)
        asha.offersTo(fatou)
        fatou.taps("Receive data")
        asha.taps("Codes match")
        fatou.sees("This phone has too little free storage")
        asha.sees("Delete something from that phone and try again.")
        asha.sees("The receiver needs")
    }

    @Test
    fun `says that the campaign has blocked a phone`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        val office = Office()
        asha.blocks(office, fatou)
        asha.offersTo(fatou)
        asha.sees("The campaign has blocked the receiver.")
        fatou.sees("The campaign has blocked the receiver.")
    }

    @Test
    fun `says that the campaign has blocked the sender`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        fatou.blocks(Office(), asha)
        asha.offersTo(fatou)
        asha.sees("The campaign has blocked the sender.")
        fatou.sees("The campaign has blocked the sender.")
    }

    private fun AppRobot.blocks(office: Office, other: AppRobot) = engine { engine ->
        engine.trustCampaign(office.key, "SMC")
        engine.keepStatement(office.revokes(other.fingerprint))
    }

    @Test
    fun `keeps own edits`() {
        val (asha, fatou) = listOf("Asha", "Fatou").map(phones::add)
        asha.hasDownloaded(1)
        fatou.hasDownloaded(1)
        val edit = fatou.edits("Household", """{"memberCount":99}""")
        asha.hasDownloaded(2)
        asha.sendsTo(fatou)
        assertEquals(listOf(edit), fatou.engine { it.edits() }.map { it.edit })
        fatou.taps("Look up")
        fatou.sees("1 of your changes is not on the server yet.")
    }
}
