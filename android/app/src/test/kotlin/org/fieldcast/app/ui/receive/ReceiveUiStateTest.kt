package org.fieldcast.app.ui.receive

import org.fieldcast.app.state.ReceiveEnd
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.isBusy
import org.fieldcast.app.state.result
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.sdk.ReceivingStatus
import org.fieldcast.sdk.core.ComparisonResult
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.ReceiveProgress
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.Received
import org.fieldcast.sdk.core.Sender
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.SourceDevice
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class ReceiveUiStateTest {
    private fun snapshot(boundary: String?, asOf: Long) =
        SnapshotSummary(Dataset("mz", "p", boundary), "Nets", boundary.orEmpty(), asOf, 9uL, 4uL, 1uL, "")

    private val offer = Offer(listOf(snapshot("B", 30), snapshot("A", 20), snapshot(null, 40)), 7uL)
    private val question = Question(
        1uL, Sender("f", "Asha"), listOf(SourceDevice("s", "Moussa", true, 9uL, true)), offer, "123 456", false,
    )
    private val progress = ReceiveProgress(1uL, 4uL, 1uL)
    private val received = Received(
        "f",
        offer,
        progress,
        listOf(ComparisonResult.KeptNewer(2uL), ComparisonResult.Ahead(50), ComparisonResult.Equal),
    )

    private fun on(receiving: ReceivingStatus, before: ReceiveEnd? = null) = ReceiveStatus.On(
        receiving, null, false, mapOf("f" to "lusab-babad"), false, receiving.result(before),
    )

    private fun view(receiving: ReceivingStatus, before: ReceiveEnd? = null): ReceiveView {
        val state = receiveUiState(on(receiving, before), ReceiveInput(), null, false, 0)
        return (state.phase as ReceivePhase.On).view
    }

    @Test
    fun shows_everything_about_a_question() {
        val contents = OfferContents(listOf("Nets"), listOf("A", "B"), 8uL, 7uL, 20)
        val expected = OpenQuestion(1u, "Asha", "lusab-babad", Identity.UNKNOWN, "123 456", contents, listOf("Moussa"))
        assertEquals(expected, view(ReceivingStatus(question = question)).question)
    }

    @Test
    fun tells_a_scanned_sender_from_a_trusted_one() {
        val status = on(ReceivingStatus(question = question.copy(isKnown = true)))
        val identities = listOf(false, true).map { isByInvite ->
            val state = receiveUiState(status.copy(isByInvite = isByInvite), ReceiveInput(), null, false, 0)
            (state.phase as ReceivePhase.On).view.question?.identity
        }
        assertEquals(listOf(Identity.TRUSTED, Identity.SCANNED), identities)
    }

    @Test
    fun says_what_was_saved_and_what_stayed() {
        val expected = ReceiveResult(8uL, 2, 2uL, listOf("A"), emptyList())
        assertEquals(expected, view(ReceivingStatus(saved = listOf(received))).result)
    }

    @Test
    fun hides_earlier_result_during_next_exchange_and_after_its_failure() {
        val next = ReceivingStatus(saved = listOf(received), state = ReceiveState.Receiving(progress))
        assertNull(view(next).result)
        val ended = view(ReceivingStatus(saved = listOf(received), ended = Ending(EndReason.LOST, null, "")))
        assertNull(ended.result)
        assertEquals(EndReason.LOST, ended.ended)
    }

    @Test
    fun shows_result_of_earlier_session_until_next_exchange() {
        val before = ReceiveEnd.Saved(received)
        assertEquals(8uL, view(ReceivingStatus(), before).result?.households)
        assertNull(view(ReceivingStatus(question = question), before).result)
        val ended = view(ReceivingStatus(ended = Ending(EndReason.LOST, null, "")), before)
        assertEquals(null to EndReason.LOST, ended.result to ended.ended)
    }

    @Test
    fun shows_progress_while_receiving() {
        assertEquals(Transfer(false, 0.25f), view(ReceivingStatus(ReceiveState.Receiving(progress))).transfer)
        assertEquals(Transfer(true, 0.25f), view(ReceivingStatus(ReceiveState.Applying(progress))).transfer)
    }

    @Test
    fun is_off_only_if_user_turned_it_off() {
        fun phase(input: ReceiveInput, isSending: Boolean = false) =
            receiveUiState(ReceiveStatus.Off, input, null, isSending, 0).phase
        assertEquals(ReceivePhase.Off, phase(ReceiveInput(isAllowed = false)))
        assertEquals(ReceivePhase.Starting(isByInvite = false), phase(ReceiveInput()))
        assertEquals(ReceivePhase.Needs(Need.NEARBY), phase(ReceiveInput(need = Need.NEARBY)))
        assertEquals(ReceivePhase.Sending, phase(ReceiveInput(), isSending = true))
    }

    @Test
    fun says_that_phone_is_too_old_until_data_arrives() {
        fun isTooOld(receiving: ReceivingStatus) =
            receiveUiState(on(receiving), ReceiveInput(isTooOld = true), null, false, 0).isTooOld
        assertTrue(isTooOld(ReceivingStatus()))
        assertFalse(isTooOld(ReceivingStatus(ReceiveState.Receiving(progress))))
        assertFalse(isTooOld(ReceivingStatus(saved = listOf(received))))
    }

    @Test
    fun is_busy_while_user_is_asked_or_data_moves() {
        assertTrue(on(ReceivingStatus(question = question)).isBusy)
        assertTrue(on(ReceivingStatus(ReceiveState.Receiving(progress))).isBusy)
        assertFalse(on(ReceivingStatus()).isBusy)
    }
}
