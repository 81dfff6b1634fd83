package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.Offering
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.JoinedGroup
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.SendProgress
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.TrustedPeer

/** How the phones are connected. */
enum class Connection { OWN_GROUP, PRESENT_WIFI }

/** What sending does. */
sealed interface SendStatus {
    data object Off : SendStatus

    /** Makes the group, if any, and prepares the data. */
    data class Starting(val connection: Connection) : SendStatus

    data class On(
        val connection: Connection,
        val offer: Offer,
        val receivers: List<Receiver>,
        /** Trusted phones that are not nearby. */
        val absent: List<TrustedPeer>,
        /** Fingerprints of absent phones to which the data is sent as soon as they are nearby. */
        val queued: Set<String>,
    ) : SendStatus

    data class Failed(val connection: Connection, val error: FieldcastException) : SendStatus
}

/** A receiver nearby. */
data class Receiver(
    val nearby: NearbyReceiver,
    val isTrusted: Boolean,
    /** The code on the receiver's screen while its user is asked, though this user need not compare it. */
    val codeShown: String?,
    /** Bytes of the offered data per second, while they are transferred. */
    val rate: Rate?,
) {
    val fingerprint: String get() = nearby.peer.fingerprint
    val name: String get() = nearby.peer.name
}

/** Sends villages to nearby receivers until it is stopped. */
class SendController(
    private val engine: EngineOwner,
    private val phone: Phone,
    private val scope: CoroutineScope,
) {
    private val current = MutableStateFlow<SendStatus>(SendStatus.Off)
    private val trusted = MutableStateFlow<List<TrustedPeer>>(emptyList())
    private val queued = MutableStateFlow<Set<String>>(emptySet())
    private var job: Job? = null

    @Volatile private var session: Session? = null

    val status: StateFlow<SendStatus> = current.asStateFlow()

    /** The connection to use unless the user chooses another one. */
    val usual: Connection get() = if (phone.hasGroups) Connection.OWN_GROUP else Connection.PRESENT_WIFI

    private class Session(val offering: Offering, val group: JoinedGroup?)

    /** Offers these datasets, instead of the ones offered now. */
    @Synchronized
    fun start(datasets: List<Dataset>, connection: Connection = usual) {
        val before = job
        current.value = SendStatus.Starting(connection)
        job = scope.launch {
            before?.cancelAndJoin()
            queued.value = emptySet()
            try {
                val fieldcast = engine.fieldcast()
                when (connection) {
                    Connection.OWN_GROUP -> fieldcast.hosting { offer(fieldcast, datasets, connection, it) }
                    Connection.PRESENT_WIFI -> offer(fieldcast, datasets, connection, null)
                }
            } catch (error: FieldcastException) {
                current.value = SendStatus.Failed(connection, error)
            }
        }
    }

    /** Cancels running transfers, tells the receivers, and ends the group. */
    @Synchronized
    fun stop() {
        val before = job
        job = scope.launch {
            before?.cancelAndJoin()
            current.value = SendStatus.Off
        }
    }

    /** Sends to these receivers. The ones that are not nearby are queued. */
    fun sendTo(receivers: Collection<String>) {
        queued.update { it + receivers }
    }

    /** Removes an absent receiver from the queue. */
    fun unqueue(receiver: String) = queued.update { it - receiver }

    /** Answers whether the receiver's screen shows the same code. */
    fun answer(receiver: String, isSame: Boolean) = act {
        it.offering.answer(receiver, if (isSame) Answer.TRUST else Answer.CODES_DIFFER)
    }

    /** Cancels sending to these receivers. */
    fun cancel(receivers: Collection<String>) {
        queued.update { it - receivers.toSet() }
        act { session -> receivers.forEach(session.offering::cancel) }
    }

    /**
     * The text of a QR code that invites receivers for [INVITE_MILLIS]; none if sending is off. It contains the group's
     * passphrase: do not log it.
     */
    suspend fun invite(): String? = session?.run { offering.invite(group?.group, phone.now() + INVITE_MILLIS) }

    private fun act(action: (Session) -> Unit) {
        scope.launch {
            try {
                session?.let(action)
            } catch (_: FieldcastException) {
                // The receiver left or the offer ended meanwhile; its row says so.
            }
        }
    }

    private suspend fun offer(
        fieldcast: Fieldcast,
        datasets: List<Dataset>,
        connection: Connection,
        group: JoinedGroup?,
    ) {
        val options = if (group == null) phone.exchange else phone.exchange.copy(network = group.`interface`.name)
        fieldcast.offering(datasets, options) { offering ->
            session = Session(offering, group)
            try {
                follow(fieldcast, offering, connection)
            } finally {
                session = null
            }
        }
    }

    private suspend fun follow(fieldcast: Fieldcast, offering: Offering, connection: Connection) = coroutineScope {
        val meters = HashMap<String, RateMeter>()
        trusted.value = fieldcast.trustedPeers()
        launch { sendQueued(offering) }
        combine(offering.receivers, offering.codesShown, trusted, queued) { nearby, codes, known, waiting ->
            val receivers = nearby.map { receiver ->
                val fingerprint = receiver.peer.fingerprint
                Receiver(
                    receiver,
                    known.any { it.fingerprint == fingerprint },
                    codes[fingerprint],
                    receiver.state.progress?.let {
                        val meter = meters.getOrPut(fingerprint, ::RateMeter)
                        meter.at(phone.now(), it.staged.toLong(), it.total.toLong())
                    },
                )
            }
            val absent = known.filter { peer -> nearby.none { it.peer.fingerprint == peer.fingerprint } }
            SendStatus.On(connection, offering.offer, receivers, absent, waiting)
        }.collect { now ->
            current.value = now
            // A compared code makes a phone a trusted one.
            if (now.receivers.any { !it.isTrusted && it.nearby.state is SendState.Saved }) {
                trusted.value = fieldcast.trustedPeers()
            }
        }
    }

    /** Sends to queued receivers as soon as they are nearby. */
    private suspend fun sendQueued(offering: Offering) {
        combine(offering.receivers, queued) { nearby, waiting ->
            nearby.map { it.peer.fingerprint }.filter { it in waiting }
        }.collect { found ->
            for (receiver in found) {
                try {
                    offering.sendTo(receiver)
                    queued.update { it - receiver }
                } catch (_: FieldcastException.NotNearby) {
                    // It has just left, and stays queued.
                }
            }
        }
    }

    companion object {
        /** How long an invite is valid, in milliseconds. */
        const val INVITE_MILLIS = 30 * 60 * 1000L
    }
}

/** The progress of a running transfer. */
val SendState.progress: SendProgress?
    get() = when (this) {
        is SendState.Sending -> progress
        is SendState.Applying -> progress
        is SendState.Lost -> progress
        else -> null
    }

/** Whether the transfer has been selected and has ended. */
val SendState.isFinal: Boolean get() = this is SendState.Saved || this is SendState.Failed

/** Whether the transfer has been selected. */
val SendState.isSelected: Boolean get() = this !is SendState.Found
