package org.fieldcast.sdk

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.OfferSession

/** Datasets that are offered to the receivers near by. */
class Offering internal constructor(private val session: OfferSession, router: Router) {
    private val nearby = MutableStateFlow<List<NearbyReceiver>>(emptyList())

    /** What is offered. */
    val offer: Offer = session.offer()

    /** Everyone found so far, how sending to them stands, and the codes that wait to be compared. */
    val receivers: StateFlow<List<NearbyReceiver>> = nearby.asStateFlow()

    init {
        router.watch(session.id()) { event -> if (event !is Event.Over) look() }
        look()
    }

    /** Sends to a receiver; nothing happens if that is going on or done already. */
    fun sendTo(receiver: String) = session.sendTo(receiver)

    /** Says whether a receiver's screen shows the same code. */
    fun answer(receiver: String, answer: Answer) = session.answer(receiver, answer)

    /** Cancels sending to a receiver, which is told. */
    fun cancel(receiver: String) = session.cancel(receiver)

    /** Waits until every receiver that was picked has saved or failed. */
    suspend fun finished() {
        session.finished()
        look()
    }

    /** Cancels whatever still runs, tells the receivers, and ends. */
    suspend fun stop() {
        session.stop()
        session.close()
    }

    private fun look() {
        try {
            nearby.value = session.receivers()
        } catch (_: FieldcastException.Over) {
            // It ended between the event and the look: what was seen last stays.
        } catch (_: IllegalStateException) {
            // Likewise, and it was let go of.
        }
    }
}
