package org.fieldcast.app.pictures

import org.fieldcast.app.ui.history.ExchangeScreen
import org.fieldcast.app.ui.history.HistoryRow
import org.fieldcast.app.ui.history.HistoryScreen
import org.fieldcast.app.ui.history.HistoryUiState
import org.fieldcast.app.ui.history.SpreadLine
import org.fieldcast.app.ui.history.VillageLine
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.FieldcastException

private const val TODAY = 1_795_702_800_000L
private const val HOUR = 60 * 60 * 1000L

private val lines = listOf("Kibera A" to 164L, "Kibera B" to 131L).map { (name, households) ->
    VillageLine(name, households, TODAY - 48 * HOUR)
}

private fun row(index: Int, peer: String, isSent: Boolean = true, failure: EndReason? = null) = HistoryRow(
    index, "$index", isSent, peer, TODAY - (index + 1) * HOUR, TODAY - (index + 1) * HOUR + 40_000, lines, 1_400_000,
    failure, keptNewer = if (isSent) 0 else 3, isConfirmed = failure == null,
)

private val rows = listOf(row(0, "Moussa"), row(1, "Fatou", failure = EndReason.LOST), row(30, "Asha", isSent = false))
private val spread = listOf(SpreadLine("a", "Kibera A", 30, 26), SpreadLine("b", "Kibera B", 1, 1))

val historyPictures: List<Picture> = listOf(
    Picture("history-loading") { HistoryScreen(null, null, TODAY, {}, {}) },
    Picture("history-empty") { HistoryScreen(HistoryUiState(emptyList(), emptyList()), null, TODAY, {}, {}) },
    Picture("history") { HistoryScreen(HistoryUiState(rows, spread), null, TODAY, {}, {}) },
    Picture("history-many") {
        HistoryScreen(HistoryUiState(List(200) { row(it, "Moussa") }, emptyList()), null, TODAY, {}, {})
    },
    Picture("history-failed") { HistoryScreen(null, FieldcastException.StorageFailed(""), TODAY, {}, {}) },
    Picture("history-exchange") { ExchangeScreen(rows[0], TODAY, {}) },
    Picture("history-exchange-received") { ExchangeScreen(rows[2], TODAY, {}) },
    Picture("history-exchange-failed") { ExchangeScreen(rows[1], TODAY, {}) },
)
