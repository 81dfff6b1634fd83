package org.fieldcast.app.ui.history

import org.fieldcast.app.state.key
import org.fieldcast.app.state.name
import org.fieldcast.sdk.core.ComparisonResult
import org.fieldcast.sdk.core.DistributionStats
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.ExchangeRole
import org.fieldcast.sdk.core.Outcome
import org.fieldcast.sdk.core.PastExchange

/** A past exchange, as a line of the list. */
data class HistoryRow(
    /** Its place in the history, the newest first. */
    val index: Int,
    /** Identifies it, also after a newer one. */
    val id: String,
    val isSent: Boolean,
    /** Name of the other phone. */
    val peer: String,
    /** Milliseconds since 1970. */
    val started: Long,
    val ended: Long,
    val villages: List<VillageLine>,
    val bytes: Long,
    /** Why it was not saved; none if it was. */
    val failure: EndReason?,
    /** Records for which the receiver had newer versions, which it kept. */
    val keptNewer: Long,
    /** Whether the receiver confirmed exactly this exchange by its signature. */
    val isConfirmed: Boolean,
) {
    val isSaved: Boolean get() = failure == null
    val households: Long get() = villages.sumOf { it.households }
}

/** A village of an exchange. */
data class VillageLine(val name: String, val households: Long, /** Server time of the data. */ val asOf: Long)

/** How many phones have the current version of a village. */
data class SpreadLine(val key: String, val village: String, val phones: Long, val current: Long)

/** The history. */
data class HistoryUiState(val exchanges: List<HistoryRow>, val spread: List<SpreadLine>)

/** Derives the list from the history, the newest first. */
fun uiState(history: List<PastExchange>, stats: List<DistributionStats>) = HistoryUiState(
    history.mapIndexed(::row),
    stats.filter { it.picked > 0u }.map(::spread).sortedBy { it.village },
)

private fun spread(stats: DistributionStats) =
    SpreadLine(stats.summary.dataset.key, stats.summary.name, stats.picked.toLong(), stats.saved.toLong())

private fun row(index: Int, exchange: PastExchange): HistoryRow {
    val outcome = exchange.outcome
    val saved = outcome as? Outcome.Saved
    return HistoryRow(
        index,
        "${exchange.started} ${exchange.peer}",
        exchange.role == ExchangeRole.SENT,
        exchange.peerName,
        exchange.started,
        exchange.ended,
        exchange.offered.map { VillageLine(it.name, it.households.toLong(), it.asOf) },
        exchange.wireBytes.toLong(),
        failure = (outcome as? Outcome.Ended)?.ending?.reason,
        keptNewer = saved?.comparisons.orEmpty().sumOf { (it as? ComparisonResult.KeptNewer)?.records?.toLong() ?: 0L },
        isConfirmed = saved?.receiptHolds == true,
    )
}
