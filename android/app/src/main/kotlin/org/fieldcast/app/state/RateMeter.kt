package org.fieldcast.app.state

/** The speed of a transfer. */
data class Rate(
    /** Units per second, such as bytes or households. */
    val perSecond: Double,
    /** None while the total is unknown, or nothing moves. */
    val secondsLeft: Long?,
)

/** Computes a smooth rate from progress reports. */
class RateMeter {
    private var last: Pair<Long, Long>? = null
    private var smooth: Double? = null

    /** The rate at the time [now] in milliseconds, after [done] units of [total]; none before the second report. */
    fun at(now: Long, done: Long, total: Long?): Rate? {
        val (before, doneBefore) = last ?: (now to done).also { last = it }
        val millis = now - before
        if (millis >= SHORTEST && done >= doneBefore) {
            val rate = (done - doneBefore) * 1000.0 / millis
            smooth = smooth?.let { it + (rate - it) * WEIGHT } ?: rate
            last = now to done
        }
        return smooth?.let { rate ->
            Rate(rate, total?.takeIf { rate > 0 && it >= done }?.let { ((it - done) / rate).toLong() })
        }
    }

    private companion object {
        /** Milliseconds; shorter intervals say little. */
        const val SHORTEST = 500
        const val WEIGHT = 0.3
    }
}
