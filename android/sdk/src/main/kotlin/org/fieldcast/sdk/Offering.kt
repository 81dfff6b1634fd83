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

/** An offer of datasets to nearby receivers. */
class Offering internal constructor(private val session: OfferSession, router: Router) {
    private val nearby = MutableStateFlow<List<NearbyReceiver>>(emptyList())
    private val ending = Once()
    private val shown = MutableStateFlow<Map<String, String>>(emptyMap())

    /** The offered data. */
    val offer: Offer = session.offer()

    /** The current address for receivers; none while there is no network. */
    val address: String? get() = ifOpen(null) { session.addr() }

    /** All receivers found so far, the state of sending to each, and the codes to compare. */
    val receivers: StateFlow<List<NearbyReceiver>> = nearby.asStateFlow()

    /**
     * The codes on the screens of trusted receivers, by fingerprint, until their users answer. This side's user need
     * not compare them, but the receiver's user may want to.
     */
    val codesShown: StateFlow<Map<String, String>> = shown.asStateFlow()

    init {
        router.watch(session.id(), ::take)
        look()
    }

    /**
     * An invite to this offer, for a QR code. A reader of the invite needs no code. It contains the group's passphrase,
     * so do not log it. Valid until [expires], in milliseconds since 1970.
     */
    fun invite(group: WifiGroup?, expires: Long): String = asked { session.invite(group, expires) }

    /** Identifies the receiver at this address and adds it to the list. */
    suspend fun findAt(address: String): FoundPeer = asked { session.findAt(address) }.also { look() }

    /** Sends to a receiver. Has no effect if the transfer is running or done. */
    fun sendTo(receiver: String) {
        asked { session.sendTo(receiver) }
        look()
    }

    /** Answers whether a receiver's screen shows the same code. */
    fun answer(receiver: String, answer: Answer) {
        asked { session.answer(receiver, answer) }
        look()
    }

    /** Cancels sending to a receiver and notifies it. */
    fun cancel(receiver: String) = asked { session.cancel(receiver) }

    /** Waits until every selected receiver has saved or failed. */
    suspend fun finished() {
        asked { session.finished() }
        look()
    }

    /** Cancels all running transfers, notifies the receivers, and ends the offer. A second call has no effect. */
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

/** Whether the receiver's user has not answered yet. */
private val SendState.isAsked: Boolean
    get() = this is SendState.Queued || this is SendState.Connecting || this is SendState.Asking
