package org.fieldcast.app.ui.history

import org.fieldcast.sdk.core.ComparisonResult
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DistributionStats
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.ExchangeRole
import org.fieldcast.sdk.core.Outcome
import org.fieldcast.sdk.core.PastExchange
import org.fieldcast.sdk.core.SnapshotSummary
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class HistoryTest {
    private fun summary(name: String) =
        SnapshotSummary(Dataset("mz", "p", name.ifEmpty { null }), "Project", name, 5, 90u, 10u, 5_000u, "0".repeat(64))

    private fun exchange(outcome: Outcome, peer: String = "a") =
        PastExchange(ExchangeRole.SENT, peer, "Moussa", 1, 2, listOf(summary("Kibera"), summary("")), 1234u, outcome)

    @Test
    fun `describes saved and failed exchanges`() {
        val saved = Outcome.Saved(true, listOf(ComparisonResult.KeptNewer(3u), ComparisonResult.Equal))
        val failed = Outcome.Ended(Ending(EndReason.LOST, null, ""))
        val (first, second) = uiState(listOf(exchange(saved), exchange(failed, "b")), emptyList()).exchanges
        assertNull(first.failure)
        assertEquals(3L, first.keptNewer)
        assertEquals(20L, first.households)
        assertEquals("data of the whole project", listOf("Kibera", "Project"), first.villages.map { it.name })
        assertEquals(EndReason.LOST, second.failure)
        assertEquals("started in the same moment", 2, setOf(first.id, second.id).size)
    }

    @Test
    fun `counts the phones with the current version`() {
        val stats = listOf(DistributionStats(summary("b"), 30u, 26u), DistributionStats(summary("a"), 0u, 0u))
        val line = uiState(emptyList(), stats).spread.single()
        assertEquals(Triple("b", 30L, 26L), Triple(line.village, line.phones, line.current))
    }
}
