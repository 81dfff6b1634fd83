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

/** What a receiver's screen shows. */
data class ReceivingStatus(
    /** Where receiving stands. */
    val state: ReceiveState = ReceiveState.Waiting,
    /** The question that waits for the person. */
    val question: Question? = null,
    /** The exchange that goes on without asking, as it was accepted before; gone when it has ended. */
    val resumed: Resumption? = null,
    /** What was saved in this session, the newest last. */
    val saved: List<Received> = emptyList(),
    /** How the last exchange that did not save ended; gone when the next begins. */
    val ended: Ending? = null,
    /** Distributors that announce themselves, and can be called. */
    val distributors: List<DiscoveredDistributor> = emptyList(),
    /** How the call to a distributor stands, if one was made. */
    val call: DialState? = null,
)

/** An exchange that broke off and goes on. */
data class Resumption(
    /** Whose it is. */
    val sender: Sender,
    /** What the distributor's screen shows: to be shown here too, for its person may have to compare. */
    val code: String,
)

/** Waiting for distributors. */
class Receiving internal constructor(private val session: ReceiveSession, router: Router) {
    private val ending = Once()
    private val current = MutableStateFlow(ReceivingStatus())

    /** What to show. */
    val status: StateFlow<ReceivingStatus> = current.asStateFlow()

    /** Where it listens just now; none while there is no network. */
    val address: String? get() = ifOpen(null) { session.addr() }

    init {
        router.watch(session.id(), ::take)
        current.update { it.copy(question = waiting()) }
    }

    /** Calls a distributor, and again whenever the line breaks; [expected] is who must answer. */
    fun dial(address: String, expected: String? = null) = asked { session.dial(address, expected) }

    /** Calls whoever has made this invite; no code is compared. */
    fun dialInvite(uri: String) = asked { session.dialInvite(uri, System.currentTimeMillis()) }

    /** Calls nobody any more. */
    fun disconnect() = asked { session.disconnect() }

    /** Answers a question; nothing happens if it is no longer open. */
    fun answer(question: Question, answer: Answer) {
        asked { session.answer(question.id, answer) }
        current.update { if (it.question?.id == question.id) it.copy(question = null) else it }
    }

    /**
     * Cancels whatever still runs, tells the distributor, and ends. What was staged stays for a later exchange. Nothing
     * happens the second time.
     */
    suspend fun stop() = ending.run {
        session.stop()
        session.close()
    }

    private fun take(event: Event) = current.update { before ->
        when (event) {
            is Event.Asked -> before.copy(question = event.question, resumed = null, ended = null)
            is Event.ReceiveChanged -> before.copy(state = event.state, question = waiting())
            is Event.ReceiveProgress -> before.copy(state = event.state)
            is Event.DistributorFound, is Event.DistributorLost -> before.copy(distributors = heard())
            is Event.DialChanged -> before.copy(call = event.state)
            is Event.Resumed -> before.copy(resumed = Resumption(event.sender, event.code), ended = null)
            is Event.Saved ->
                before.copy(saved = before.saved + event.received, question = waiting(), resumed = null)
            is Event.Ended -> before.copy(ended = event.ending, question = waiting(), resumed = null)
            else -> before.copy(question = waiting())
        }
    }

    private fun waiting(): Question? = ifOpen(null) { session.openQuestion() }

    private fun heard(): List<DiscoveredDistributor> = ifOpen(emptyList()) { session.distributors() }
}
