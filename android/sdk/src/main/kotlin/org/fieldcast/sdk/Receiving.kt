package org.fieldcast.sdk

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.DialState
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.DiscoveredDistributor
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.ReceiveSession
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.Received
import org.fieldcast.sdk.core.Sender

/** The state for a receiver's screen. */
data class ReceivingStatus(
    /** The state of receiving. */
    val state: ReceiveState = ReceiveState.Waiting,
    /** The question that waits for the user. */
    val question: Question? = null,
    /** An exchange that continues without a question, because the user accepted it before; none after it has ended. */
    val resumed: Resumption? = null,
    /** Bundles saved in this session, newest last. */
    val saved: List<Received> = emptyList(),
    /** How the last unsuccessful exchange ended; none when the next one starts. */
    val ended: Ending? = null,
    /** Distributors that announce themselves and can be dialed. */
    val distributors: List<DiscoveredDistributor> = emptyList(),
    /** The state of dialing a distributor, if any. */
    val dial: DialState? = null,
)

/** An interrupted exchange that continues. */
data class Resumption(
    /** The sender. */
    val sender: Sender,
    /** The code on the distributor's screen. Show it here too: the distributor's user may have to compare it. */
    val code: String,
)

/** A session that waits for distributors. */
class Receiving internal constructor(private val session: ReceiveSession, router: Router) {
    private val ending = Once()
    private val current = MutableStateFlow(ReceivingStatus())

    /** The state to show. */
    val status: StateFlow<ReceivingStatus> = current.asStateFlow()

    /** The current address; none while there is no network. */
    val address: String? get() = ifOpen(null) { session.addr() }

    init {
        router.watch(session.id(), ::take)
        current.update { it.copy(question = openQuestion()) }
    }

    /**
     * Connects to a distributor and reconnects whenever the connection breaks. [expected] is the device that must
     * answer.
     */
    fun dial(address: String, expected: String? = null) = asked { session.dial(address, expected) }

    /** Connects to the device that made this invite. No code is compared. */
    fun dialInvite(uri: String) = asked { session.dialInvite(uri, System.currentTimeMillis()) }

    /** Stops connecting to the distributor. */
    fun disconnect() = asked { session.disconnect() }

    /** Answers a question. Has no effect if it is no longer open. */
    fun answer(question: Question, answer: Answer) {
        asked { session.answer(question.id, answer) }
        current.update { if (it.question?.id == question.id) it.copy(question = null) else it }
    }

    /**
     * Cancels the running exchange, notifies the distributor, and ends the session. Staged data is kept for a later
     * exchange. A second call has no effect.
     */
    suspend fun stop() = ending.run {
        session.stop()
        session.close()
    }

    private fun take(event: Event) = current.update { before ->
        when (event) {
            is Event.Asked -> before.copy(question = event.question, resumed = null, ended = null)
            is Event.ReceiveChanged -> before.copy(state = event.state, question = openQuestion())
            is Event.ReceiveProgress -> before.copy(state = event.state)
            is Event.DistributorFound, is Event.DistributorLost -> before.copy(distributors = discovered())
            is Event.DialChanged -> before.copy(dial = event.state)
            is Event.Resumed -> before.copy(resumed = Resumption(event.sender, event.code), ended = null)
            is Event.Saved ->
                before.copy(saved = before.saved + event.received, question = openQuestion(), resumed = null)
            is Event.Ended -> before.copy(ended = event.ending, question = openQuestion(), resumed = null)
            else -> before.copy(question = openQuestion())
        }
    }

    private fun openQuestion(): Question? = ifOpen(null) { session.openQuestion() }

    private fun discovered(): List<DiscoveredDistributor> = ifOpen(emptyList()) { session.distributors() }
}
