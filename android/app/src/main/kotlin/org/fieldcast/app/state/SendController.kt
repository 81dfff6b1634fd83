package org.fieldcast.app.state

import java.util.concurrent.ConcurrentHashMap
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.onSubscription
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.Offering
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.Event
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
        val absent: List<AbsentPhone>,
        /** Fingerprints of all phones to which the data is sent as soon as they are nearby. */
        val queued: Set<String>,
        /** Address of this phone in the network; none while the network is lost. An invite is valid for one address. */
        val address: String?,
        /** The result of an earlier session that the user has not seen. */
        val earlier: SendResult? = null,
        /** Queued phones that have left, and are not trusted: nothing else tells of them. */
        val left: List<AbsentPhone> = emptyList(),
    ) : SendStatus {
        /** Fingerprints of queued phones that are not nearby. */
        val awaited: Set<String> get() = queued - receivers.map { it.fingerprint }.toSet()
    }

    data class Failed(val connection: Connection, val error: FieldcastException) : SendStatus
}

/** How many of the selected phones are up to date, after all their transfers have ended. */
data class SendResult(val upToDate: Int, val total: Int)

/** A receiver nearby. */
data class Receiver(
    val nearby: NearbyReceiver,
    /** Its fingerprint in words. */
    val words: String,
    val isTrusted: Boolean,
    /** The code on the receiver's screen while its user is asked, though this user need not compare it. */
    val codeShown: String?,
    /** Bytes of the offered data per second, while they are transferred. */
    val rate: Rate?,
) {
    val fingerprint: String get() = nearby.peer.fingerprint
    val name: String get() = nearby.peer.name
}

/** A phone that is not nearby. */
data class AbsentPhone(val fingerprint: String, val name: String, val words: String)

/** A code that invites receivers. It contains the group's passphrase: do not log it. */
class Invite(val text: String, /** Milliseconds since 1970. */ val expires: Long)

/** What the engine runs while this phone sends. */
class SendSession(val offering: Offering, val group: JoinedGroup?)

/** Sends villages to nearby receivers. Its result is of the last session in which phones were selected. */
class SendController(
    engine: EngineOwner,
    private val phone: Phone,
    slot: ExchangeSlot,
    scope: CoroutineScope,
) : ExchangeController<SendStatus, SendResult, SendSession>(engine, slot, scope, SendStatus.Off, { it.isBusy }) {
    /** By fingerprint. The engine forgets a phone that has left. */
    private val queued = MutableStateFlow<Map<String, AbsentPhone>>(emptyMap())

    /** The phones that were seen in this session, by fingerprint. */
    private val seen = ConcurrentHashMap<String, AbsentPhone>()

    /** Keys of the villages that the user has chosen for the present session; none for all. */
    @Volatile var chosen: Set<String>? = null
        private set

    /** The connection to use unless the user chooses another one. */
    val usual: Connection get() = if (phone.hasGroups) Connection.OWN_GROUP else Connection.PRESENT_WIFI

    /** Offers these datasets, which the user has [chosen], instead of the ones offered now. Ends receiving. */
    fun start(datasets: List<Dataset>, connection: Connection = usual, chosen: Set<String>? = null) = begin(
        SendStatus.Starting(connection),
        failed = { SendStatus.Failed(connection, it) },
        prepare = {
            queued.value = emptyMap()
            seen.clear()
            this.chosen = chosen
        },
    ) { fieldcast ->
        when (connection) {
            Connection.OWN_GROUP -> fieldcast.hosting { offer(fieldcast, datasets, connection, it) }
            Connection.PRESENT_WIFI -> offer(fieldcast, datasets, connection, null)
        }
    }

    /** Sends to these receivers, also again after a failure. The ones that are not nearby are queued. */
    fun sendTo(receivers: Collection<String>) =
        queued.update { before -> before + receivers.mapNotNull(seen::get).associateBy { it.fingerprint } }

    /** Answers whether the receiver's screen shows the same code. */
    fun answer(receiver: String, isSame: Boolean) = act {
        it.offering.answer(receiver, if (isSame) Answer.TRUST else Answer.CODES_DIFFER)
    }

    /** Cancels sending to these receivers, and removes absent ones from the queue. */
    fun cancel(receivers: Collection<String>) = act { session ->
        synchronized(queued) {
            queued.update { it - receivers.toSet() }
            receivers.forEach(session.offering::cancel)
        }
    }

    /** A new invite; none if sending is off. Throws [FieldcastException] while there is no network. */
    suspend fun invite(): Invite? = withContext(Dispatchers.Default) {
        session?.run {
            val expires = phone.now() + INVITE_MILLIS
            Invite(offering.invite(group?.group, expires), expires)
        }
    }

    private suspend fun offer(
        fieldcast: Fieldcast,
        datasets: List<Dataset>,
        connection: Connection,
        group: JoinedGroup?,
    ) = fieldcast.offering(datasets, phone.exchange.within(group)) { offering ->
        running(SendSession(offering, group)) { follow(fieldcast, offering, connection) }
    }

    private suspend fun follow(fieldcast: Fieldcast, offering: Offering, connection: Connection) = coroutineScope {
        val trusted = MutableStateFlow<List<TrustedPeer>>(emptyList())
        val address = MutableStateFlow(offering.address)
        val describe = Describe(phone)
        launch { sendQueued(offering) }
        launch { followTrusted(fieldcast, offering, trusted) }
        launch { fieldcast.onNetworkChange { address.value = offering.address } }
        val offer = offering.offer
        val earlier = result.value
        combine(offering.receivers, offering.codesShown, trusted, queued, address) { _, codes, known, _, at ->
            // In this order: a phone leaves the queue after it is selected, and must not be missing in both.
            val wanted = queued.value
            val nearby = offering.receivers.value
            val receivers = describe.receivers(nearby, codes, known)
            val absent = describe.absent(nearby, known)
            val shown = (receivers.map { AbsentPhone(it.fingerprint, it.name, it.words) } + absent)
                .associateBy { it.fingerprint }
            seen += shown
            val left = wanted.values.filter { it.fingerprint !in shown }
            SendStatus.On(connection, offer, receivers, absent, wanted.keys, at, earlier, left)
        }.conflate().collect { now ->
            publish(this, { before -> if (now.hasSelected) now.result else before }) { now }
        }
    }

    /** Reads the trusted phones, again whenever a code was compared. */
    private suspend fun followTrusted(
        fieldcast: Fieldcast,
        offering: Offering,
        trusted: MutableStateFlow<List<TrustedPeer>>,
    ) {
        val admitted = offering.receivers.map { nearby ->
            nearby.filter { it.state is SendState.Sending || it.state is SendState.Saved }.map { it.peer.fingerprint }
        }
        admitted.distinctUntilChanged().conflate().collect {
            try {
                trusted.value = fieldcast.trustedPeers()
            } catch (_: FieldcastException) {
                // The list is a help only. Transfers that need the database report the same error.
            }
        }
    }

    /** Sends to queued receivers as soon as they are nearby. */
    private suspend fun sendQueued(offering: Offering) {
        combine(offering.receivers, queued) { nearby, wanted ->
            nearby.map { it.peer.fingerprint }.filter { it in wanted }
        }.collect { found -> found.forEach { sendIfQueued(offering, it) } }
    }

    /** Atomic, so that a receiver cannot be cancelled between the check and the start. */
    private fun sendIfQueued(offering: Offering, receiver: String) = synchronized(queued) {
        try {
            if (receiver in queued.value) offering.sendTo(receiver)
            queued.update { it - receiver }
        } catch (_: FieldcastException.NotNearby) {
            // It has just left, and stays queued.
        }
    }

    companion object {
        /** How long an invite is valid, in milliseconds. */
        const val INVITE_MILLIS = 30 * 60 * 1000L
    }
}

/** Adds to the engine's list of receivers what a screen shows of each. */
private class Describe(private val phone: Phone) {
    private val meters = HashMap<String, RateMeter>()
    private val words = FingerprintWords()

    fun receivers(nearby: List<NearbyReceiver>, codes: Map<String, String>, known: List<TrustedPeer>): List<Receiver> {
        val trusted = known.mapTo(HashSet()) { it.fingerprint }
        return nearby.map { receiver ->
            val fingerprint = receiver.peer.fingerprint
            val isTrusted = fingerprint in trusted
            Receiver(receiver, words.of(fingerprint), isTrusted, codes[fingerprint], rate(fingerprint, receiver.state))
        }
    }

    fun absent(nearby: List<NearbyReceiver>, known: List<TrustedPeer>): List<AbsentPhone> {
        val here = nearby.mapTo(HashSet()) { it.peer.fingerprint }
        return known.filter { it.fingerprint !in here }
            .map { AbsentPhone(it.fingerprint, it.name, words.of(it.fingerprint)) }
    }

    private fun rate(fingerprint: String, state: SendState): Rate? {
        if (state !is SendState.Sending) {
            meters -= fingerprint // a later transfer starts from zero
            return null
        }
        val meter = meters.getOrPut(fingerprint, ::RateMeter)
        return meter.at(phone.now(), state.progress.staged.toLong(), state.progress.total.toLong())
    }
}

/** Calls [change] each time the network of a session is lost or found again, and once at the start. */
internal suspend fun Fieldcast.onNetworkChange(change: () -> Unit) {
    events.onSubscription { change() }
        .filter { it is Event.NetworkLost || it is Event.NetworkAvailable }
        .collect { change() }
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

/** Whether data moves, a user is asked, or phones are waited for, so that leaving the screen must not end it. */
val SendStatus.isBusy: Boolean
    get() = this is SendStatus.On &&
        (queued.isNotEmpty() || receivers.any { it.nearby.state.isSelected && !it.nearby.state.isFinal })

private val SendStatus.On.hasSelected: Boolean
    get() = queued.isNotEmpty() || receivers.any { it.nearby.state.isSelected }

private val SendStatus.On.result: SendResult?
    get() = if (isBusy) {
        null
    } else {
        val states = receivers.map { it.nearby.state }
        SendResult(states.count { it is SendState.Saved }, states.count { it.isSelected })
    }
