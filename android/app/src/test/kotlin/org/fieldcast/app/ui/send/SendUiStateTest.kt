package org.fieldcast.app.ui.send

import org.fieldcast.app.pictures.on
import org.fieldcast.app.pictures.receiver
import org.fieldcast.app.state.AbsentPhone
import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.isBusy
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.SendProgress
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.Sent
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class SendUiStateTest {
    private val progress = SendProgress(1uL, 4uL, 1uL)
    private val saved = SendState.Saved(Sent(progress, emptyList()))
    private val failed = SendState.Failed(Ending(EndReason.DECLINED, null, ""), progress)
    private val contents = SendContents(1, 5uL, emptyList())

    private fun list(status: SendStatus.On, selected: Set<String> = emptySet(), comparing: String? = null): SendList {
        val input = SendInput(Connection.PRESENT_WIFI, selected = selected, comparing = comparing)
        return (sendUiState(contents, status, input, false, false).phase as SendPhase.On).list
    }

    @Test
    fun sorts_codes_first_and_done_last() {
        val receivers = listOf(
            receiver(1, "A", saved),
            receiver(2, "B"),
            receiver(3, "C", failed),
            receiver(4, "D", SendState.Sending(progress)),
            receiver(5, "E", SendState.Asking, code = "123 456"),
        )
        assertEquals(listOf("E", "D", "C", "B", "A"), list(on(receivers)).rows.map { it.name })
    }

    @Test
    fun keeps_running_rows_in_place_while_their_states_change() {
        val before = listOf(receiver(1, "A", SendState.Queued), receiver(2, "B", SendState.Sending(progress)))
        val after = listOf(receiver(1, "A", SendState.Applying(progress)), receiver(2, "B", SendState.Lost(progress)))
        assertEquals(list(on(before)).rows.map { it.name }, list(on(after)).rows.map { it.name })
    }

    @Test
    fun keeps_the_code_that_the_user_reads() {
        val asha = receiver(1, "Asha", SendState.Asking, code = "111 111")
        val moussa = receiver(2, "Moussa", SendState.Asking, code = "222 222")
        val comparison = list(on(listOf(asha, moussa)), comparing = "2").comparison
        assertEquals("222 222", comparison?.code)
        assertEquals(1, comparison?.more)
        assertEquals("111 111", list(on(listOf(asha))).comparison?.code)
        assertNull(list(on(emptyList()), comparing = "2").comparison)
    }

    @Test
    fun selects_only_phones_that_were_not_sent_to() {
        val list = list(on(listOf(receiver(1, "A", saved), receiver(2, "B"))), selected = setOf("1", "2", "gone"))
        assertEquals(listOf("B"), list.selected.map { it.name })
    }

    @Test
    fun offers_to_send_only_to_waiting_phones_that_scanned_the_code() {
        val saved = receiver(1, "A", saved, hasScanned = true)
        val list = list(on(listOf(saved, receiver(2, "B"), receiver(3, "C", hasScanned = true))))
        assertEquals(listOf("C"), list.scanned.map { it.name })
    }

    @Test
    fun counts_phones_up_to_date_among_the_selected() {
        val receivers = listOf(receiver(1, "A", saved), receiver(2, "B", failed), receiver(3, "C"))
        val summary = list(on(receivers)).summary
        assertEquals(SendSummary(1, 2, emptyList(), listOf("2")), summary)
        assertTrue(summary.isOver)
        assertFalse(list(on(receivers + receiver(4, "D", SendState.Asking))).summary.isOver)
    }

    @Test
    fun shows_failed_phone_as_queued_after_try_again() {
        val row = list(on(listOf(receiver(1, "A", failed)), queued = setOf("1"))).rows.single()
        assertEquals(SendStage.QUEUED, row.stage)
    }

    @Test
    fun asks_for_permission_before_it_starts() {
        val input = SendInput(Connection.OWN_GROUP, need = Need.NEARBY)
        val phase = sendUiState(contents, SendStatus.Off, input, true, false).phase
        assertEquals(SendPhase.Needs(Need.NEARBY), phase)
    }

    @Test
    fun shows_a_queued_phone_that_has_left_until_it_is_cancelled() {
        val left = AbsentPhone("9", "Zuri", "lusab-babad")
        val status = on(listOf(receiver(1, "A", saved)), queued = setOf("9")).copy(left = listOf(left))
        val list = list(status)
        assertEquals(listOf("Zuri" to SendStage.AWAITED, "A" to SendStage.SAVED), list.rows.map { it.name to it.stage })
        assertEquals(SendSummary(1, 2, listOf("9"), emptyList()), list.summary)
        assertFalse(list.summary.isOver)
        assertTrue(status.isBusy)
    }

    @Test
    fun counts_queued_phones_as_running() {
        val absent = listOf(AbsentPhone("8", "Aminata", "bisog-lusab"))
        val status = on(listOf(receiver(1, "A", saved), receiver(2, "B", failed)), absent, setOf("2", "8"))
        assertEquals(SendSummary(1, 3, listOf("2", "8"), emptyList()), list(status).summary)
    }

    private fun data(project: String, boundary: String?, asOf: Long = 1, digest: String = "") = DatasetStatus(
        SnapshotSummary(Dataset("mz", project, boundary), project, boundary.orEmpty(), asOf, 1uL, 5uL, 1uL, digest),
        null,
        emptyList(),
        false,
    )

    private fun stored(vararg data: DatasetStatus) =
        Stored(null, data.toList(), StorageInfo(1uL, 1uL), emptyList(), emptyList(), null)

    @Test
    fun sends_common_data_only_with_a_village_of_its_project() {
        val stored = stored(data("p", "a"), data("p", null), data("q", "b"), data("q", null))
        val chosen = stored.chosen(setOf("mz/p/a"))
        assertEquals(listOf(Dataset("mz", "p", "a"), Dataset("mz", "p", null)), chosen)
        assertEquals(4, stored.chosen(null).size)
    }

    @Test
    fun leaves_out_what_was_never_complete() {
        val stored = stored(data("p", "a"), data("p", "b", asOf = 0), data("p", null, asOf = 0))
        assertEquals(listOf(Dataset("mz", "p", "a")), stored.chosen(null))
        assertEquals(listOf(Dataset("mz", "p", "a")), stored.chosen(setOf("mz/p/a", "mz/p/b")))
        val contents = sendContents(stored, null)
        assertEquals(listOf("a"), contents.choices.map { it.name })
        assertEquals(1 to 1, contents.villages to contents.incomplete)
        val nothing = sendContents(stored(data("p", "b", asOf = 0)), null)
        val input = SendInput(Connection.PRESENT_WIFI)
        assertEquals(SendPhase.Empty, sendUiState(nothing, SendStatus.Off, input, false, false).phase)
    }

    @Test
    fun counts_the_villages_of_the_running_offer() {
        val offer = Offer(listOf(data("p", "a", digest = "1"), data("p", null)).map { it.summary }, 9uL)
        val same = sendContents(stored(data("p", "a", asOf = 2, digest = "1")), null, offer)
        assertEquals(1 to 0, same.villages to same.newer)
        val stored = stored(data("p", "a", digest = "2"), data("p", "b"))
        val more = sendContents(stored, null, offer)
        assertEquals(1 to 2, more.villages to more.newer)
        assertEquals(5uL, more.households)
    }

    @Test
    fun keeps_the_chosen_villages_when_others_come() {
        val chosen = setOf("mz/p/a")
        val stored = stored(data("p", "a"), data("p", "b"))
        assertEquals(listOf(Dataset("mz", "p", "a")), stored.chosen(chosen))
        val offer = Offer(listOf(data("p", "a").summary), 9uL)
        val contents = sendContents(stored, chosen, offer)
        assertEquals(listOf(true, false), contents.choices.map { it.isChosen })
        assertEquals(0, contents.newer)
    }

    @Test
    fun is_busy_while_phones_are_waited_for() {
        assertFalse(on(listOf(receiver(1, "A", saved), receiver(2, "B"))).isBusy)
        assertTrue(on(listOf(receiver(1, "A", SendState.Asking))).isBusy)
        assertTrue(on(emptyList(), queued = setOf("9")).isBusy)
        assertFalse(SendStatus.Off.isBusy)
    }
}
