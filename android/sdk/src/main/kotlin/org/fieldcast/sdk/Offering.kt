package org.fieldcast.sdk

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FoundPeer
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.OfferSession
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.WifiGroup

/** Datasets that are offered to the receivers near by. */
class Offering internal constructor(private val session: OfferSession, router: Router) {
    private val nearby = MutableStateFlow<List<NearbyReceiver>>(emptyList())
    private val ending = Once()
    private val shown = MutableStateFlow<Map<String, String>>(emptyMap())

    /** What is offered. */
    val offer: Offer = session.offer()

    /** Where receivers can call in just now; none while there is no network. */
    val address: String? get() = ifOpen(null) { session.addr() }

    /** Everyone found so far, how sending to them stands, and the codes that wait to be compared. */
    val receivers: StateFlow<List<NearbyReceiver>> = nearby.asStateFlow()

    /**
     * What the screens of receivers show that are known here, by fingerprint, until they have said yes or no: nobody has to
     * compare it on this side, but the receiver's person may look for it.
     */
    val codesShown: StateFlow<Map<String, String>> = shown.asStateFlow()

    init {
        router.watch(session.id(), ::take)
        look()
    }

    /**
     * An invite to call in here, for a QR code: whoever has read it is asked for no code. It holds the group's passphrase, so
     * it is not to be logged. Good until [expires], in milliseconds since 1970.
     */
    fun invite(group: WifiGroup?, expires: Long): String = asked { session.invite(group, expires) }

    /** Asks who is at this address, and puts the receiver there on the list. */
    suspend fun findAt(address: String): FoundPeer = asked { session.findAt(address) }.also { look() }

    /** Sends to a receiver; nothing happens if that is going on or done already. */
    fun sendTo(receiver: String) {
        asked { session.sendTo(receiver) }
        look()
    }

    /** Says whether a receiver's screen shows the same code. */
    fun answer(receiver: String, answer: Answer) {
        asked { session.answer(receiver, answer) }
        look()
    }

    /** Cancels sending to a receiver, which is told. */
    fun cancel(receiver: String) = asked { session.cancel(receiver) }

    /** Waits until every receiver that was picked has saved or failed. */
    suspend fun finished() {
        asked { session.finished() }
        look()
    }

    /** Cancels whatever still runs, tells the receivers, and ends. Nothing happens the second time. */
    suspend fun stop() = ending.run {
        session.stop()
        session.close()
    }

    private fun take(event: Event) {
        when (event) {
            is Event.CodeShown -> shown.update { it + (event.receiver.fingerprint to event.code) }
            is Event.SendChanged -> if (!event.state.isAsked) shown.update { it - event.receiver }
            else -> Unit
        }
        if (event !is Event.Over) look()
    }

    @Synchronized
    private fun look() {
        nearby.value = ifOpen(nearby.value) { session.receivers() }
    }
}

/** Whether the receiver's person has still to say yes or no. */
private val SendState.isAsked: Boolean
    get() = this is SendState.Queued || this is SendState.Connecting || this is SendState.Asking
