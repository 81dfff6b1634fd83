package org.fieldcast.app.ui.villages

import org.fieldcast.app.state.Stored

/** How much storage a download needs. */
data class SizeEstimate(
    /** Bytes; none if nothing is known, because no village is here yet. */
    val bytes: Long?,
    /** Free bytes on this phone. */
    val free: Long,
    /** Whether the phone has too little free storage. */
    val isTooBig: Boolean,
)

/** What must stay free, as for received data. */
private const val RESERVE = 64L shl 20

/**
 * Estimates the storage for these villages of a project. The server does not tell the size of a village before its
 * download, so a village that is not here yet counts as an average one of those that are here. An update of a village
 * that is here needs hardly more storage than it has.
 */
fun estimate(project: String, villages: Collection<String>, stored: Stored): SizeEstimate {
    val complete = stored.villages.filter { it.unfinished == null }
    val here = complete.map { it.summary.dataset }.filter { it.project == project }.mapNotNull { it.boundary }.toSet()
    val missing = villages.count { it !in here }
    val free = stored.storage.free.toLong()
    val bytes = when {
        missing == 0 -> 0L
        complete.isEmpty() -> null
        else -> stored.storage.used.toLong() / complete.size * missing
    }
    return SizeEstimate(bytes, free, villages.isNotEmpty() && (bytes ?: 0) + RESERVE > free)
}
