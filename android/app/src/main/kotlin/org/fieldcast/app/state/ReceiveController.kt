package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.launch
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.Receiving
import org.fieldcast.sdk.ReceivingStatus
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.DiscoveredDistributor
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.JoinedGroup
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.Received
import org.fieldcast.sdk.core.parseInvite

/** What receiving does. */
sealed interface ReceiveStatus {
    data object Off : ReceiveStatus

    /** Joins the group of the invite, if any, and announces this phone. */
    data class Starting(val isByInvite: Boolean) : ReceiveStatus

    data class On(
        val receiving: ReceivingStatus,
        /** Bytes per second, while data is transferred. */
        val rate: Rate?,
        /** Whether this phone has joined the group of a scanned invite. */
        val isByInvite: Boolean,
        /** The words of the fingerprints of the sender and of the distributors. */
        val words: Map<String, String>,
        /** Whether this phone has no network at the moment. */
        val isOffline: Boolean,
        /** How the last exchange ended, if the user has not seen it, or in this session; none during an exchange. */
        val result: ReceiveEnd? = null,
    ) : ReceiveStatus

    data class Failed(
        /** The scanned invite, to try again; none if this phone only waited. */
        val invite: String?,
        val error: FieldcastException,
    ) : ReceiveStatus
}

/** How an exchange ended. */
sealed interface ReceiveEnd {
    data class Saved(val received: Received) : ReceiveEnd

    data class Failed(val reason: EndReason) : ReceiveEnd
}

/** Receives villages from distributors while the user allows it. */
class ReceiveController(
    engine: EngineOwner,
    private val phone: Phone,
    slot: ExchangeSlot,
    scope: CoroutineScope,
) : ExchangeController<ReceiveStatus, ReceiveEnd, Receiving>(engine, slot, scope, ReceiveStatus.Off, { it.isBusy }) {
    /** Makes this phone visible and waits for distributors. Ends sending. */
    fun start() = begin(null) { fieldcast -> receive(fieldcast, null, null) }

    /** Joins the group of a scanned invite, and connects to the phone that shows it. Ends sending. */
    fun startByInvite(scanned: String) = begin(scanned) { fieldcast ->
        val group = parseInvite(scanned, phone.now()).group
        if (group == null) {
            receive(fieldcast, null, scanned)
        } else {
            fieldcast.joined(group) { receive(fieldcast, it, scanned) }
        }
    }

    /** Answers the question whether to receive. */
    fun answer(question: Question, answer: Answer) = act { it.answer(question, answer) }

    /** Connects to a distributor that was found, in case it does not find this phone. */
    fun connect(distributor: DiscoveredDistributor) = act { it.dial(distributor.addr, distributor.fingerprint) }

    private fun begin(invite: String?, work: suspend CoroutineScope.(Fieldcast) -> Unit) =
        begin(ReceiveStatus.Starting(invite != null), { ReceiveStatus.Failed(invite, it) }, work = work)

    private suspend fun receive(fieldcast: Fieldcast, group: JoinedGroup?, invite: String?) =
        fieldcast.receiving(phone.exchange.within(group)) { receiving ->
            running(receiving) {
                invite?.let(receiving::dialInvite)
                follow(fieldcast, receiving, invite != null)
            }
        }

    private suspend fun follow(fieldcast: Fieldcast, receiving: Receiving, isByInvite: Boolean) = coroutineScope {
        val words = FingerprintWords()
        val address = MutableStateFlow(receiving.address)
        var meter = RateMeter()
        launch { fieldcast.onNetworkChange { address.value = receiving.address } }
        combine(receiving.status, address) { now, own ->
            val progress = (now.state as? ReceiveState.Receiving)?.progress
            if (progress == null) meter = RateMeter() // a later transfer starts from zero
            val rate = progress?.let { meter.at(phone.now(), it.staged.toLong(), it.total.toLong()) }
            val shown = now.distributors.map { it.fingerprint } +
                listOfNotNull(now.question?.sender?.fingerprint, now.resumed?.sender?.fingerprint)
            ReceiveStatus.On(now, rate, isByInvite, shown.associateWith(words::of), own == null)
        }.conflate().collect { now ->
            publish(this, { before -> now.receiving.result(before) }) { now.copy(result = it) }
        }
    }
}

/** How the last exchange ended: of this session, or else [before] it. None during an exchange. */
internal fun ReceivingStatus.result(before: ReceiveEnd?): ReceiveEnd? = when {
    isBusy -> null
    else -> ended?.let { ReceiveEnd.Failed(it.reason) } ?: saved.lastOrNull()?.let { ReceiveEnd.Saved(it) } ?: before
}

private val ReceivingStatus.isBusy: Boolean get() = state !is ReceiveState.Waiting || question != null

/** Whether data moves or a user is asked, so that leaving the screen must not end it. */
val ReceiveStatus.isBusy: Boolean
    get() = this is ReceiveStatus.On && receiving.isBusy
