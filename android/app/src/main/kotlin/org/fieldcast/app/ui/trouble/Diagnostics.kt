package org.fieldcast.app.ui.trouble

import java.time.Instant
import java.time.ZoneOffset
import java.time.format.DateTimeFormatter
import org.fieldcast.app.state.Stored
import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.Outcome
import org.fieldcast.sdk.core.PastExchange

/** What the diagnostics file tells about. */
data class DiagnosticsInput(
    val appVersion: String,
    val androidVersion: String,
    val apiLevel: Int,
    /** Manufacturer and model. */
    val phoneModel: String,
    /** Milliseconds since 1970. */
    val now: Long,
    /** Words of this phone's fingerprint, of which the file has the first; none if the engine is not open. */
    val words: String?,
    /** The type of the error that keeps the engine from opening; none if it is open. */
    val engineError: String?,
    val phone: PhoneFacts,
    val engine: List<Check>,
    val stored: Stored?,
    val history: List<PastExchange>,
)

/**
 * The text of the diagnostics file: English, because the office reads it. It has no names of people, phones, villages,
 * projects or networks, no addresses and no keys; what the engine found is reduced to its kind for the same reason.
 */
fun diagnostics(input: DiagnosticsInput): String = buildString {
    appendLine("Fieldcast diagnostics")
    line("Time (UTC)", minute(input.now))
    line("App", input.appVersion)
    line("Protocol", PROTOCOL_VERSION)
    line("Android", "${input.androidVersion} (API ${input.apiLevel})")
    line("Phone", input.phoneModel)
    line("This phone", input.words?.substringBefore('-') ?: "not open: ${input.engineError}")
    appendLine()
    appendLine("Checks")
    for (row in checkRows(input.phone, emptyList())) line("  ${row.topic}", row.severity)
    val missing = input.phone.missingPermissions + input.phone.missingNotification
    line("  missing permissions", missing.joinToString().ifEmpty { "none" })
    for (check in input.engine) line("  engine ${check.checked}", check.finding)
    input.stored?.let { appendStored(it) }
    appendHistory(input.history)
}

private fun StringBuilder.appendStored(stored: Stored) {
    appendLine()
    appendLine("Data")
    line("  villages", stored.villages.size)
    line("  households", stored.households)
    line("  records", stored.datasets.sumOf { it.summary.records })
    line("  oldest (UTC)", stored.asOf?.let(::minute) ?: "none")
    line("  unfinished downloads", stored.datasets.count { it.unfinished != null })
    line("  conflicts", stored.conflicts.size)
    line("  possibly lost edits", stored.lostEdits.size)
    line("  recovered at start", stored.recovery != null)
    line("  free bytes", stored.storage.free)
    line("  used bytes", stored.storage.used)
    line("  logged in", stored.account != null)
}

private fun StringBuilder.appendHistory(history: List<PastExchange>) {
    appendLine()
    appendLine("Exchanges: time (UTC), direction, villages, households, bytes, seconds, result")
    for (exchange in history) {
        val households = exchange.offered.sumOf { it.households }
        val seconds = (exchange.ended - exchange.started) / MILLIS
        val parts = listOf(
            minute(exchange.started), exchange.role, exchange.offered.size, households, exchange.wireBytes, seconds,
            result(exchange.outcome),
        )
        appendLine(parts.joinToString(", ", prefix = "  "))
    }
}

private fun result(outcome: Outcome): String = when (outcome) {
    is Outcome.Saved -> "SAVED"
    is Outcome.Ended -> outcome.ending.reason.name
}

private fun StringBuilder.line(name: String, value: Any) = appendLine("$name: $value")

private fun minute(millis: Long): String = MINUTE.format(Instant.ofEpochMilli(millis).atOffset(ZoneOffset.UTC))

/** The version of the protocol between phones, as in `core/wire`. */
const val PROTOCOL_VERSION = 1

private val MINUTE = DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm")
private const val MILLIS = 1000
