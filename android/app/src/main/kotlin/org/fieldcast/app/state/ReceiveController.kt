package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.Receiving
import org.fieldcast.sdk.ReceivingStatus
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.DeviceInfo
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.InviteInfo
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.parseInvite

/** What receiving does. */
sealed interface ReceiveStatus {
    data object Off : ReceiveStatus

    /** Joins the group of the invite, if any, and announces this phone. */
    data class Starting(val isByInvite: Boolean) : ReceiveStatus

    data class On(
        val device: DeviceInfo,
        val receiving: ReceivingStatus,
        /** Bytes per second, while data is transferred. */
        val rate: Rate?,
        /** Whether this phone has joined the group of a scanned invite. */
        val isByInvite: Boolean,
    ) : ReceiveStatus

    data class Failed(val isByInvite: Boolean, val error: FieldcastException) : ReceiveStatus
}

/** Receives villages from distributors while the user allows it. */
class ReceiveController(
    private val engine: EngineOwner,
    private val phone: Phone,
    private val scope: CoroutineScope,
) {
    private val current = MutableStateFlow<ReceiveStatus>(ReceiveStatus.Off)
    private var job: Job? = null

    @Volatile private var session: Receiving? = null

    val status: StateFlow<ReceiveStatus> = current.asStateFlow()

    /** Makes this phone visible and waits for distributors. */
    fun start() = restart(ReceiveStatus.Starting(isByInvite = false)) { fieldcast -> receive(fieldcast, null, null) }

    /** Joins the group of a scanned invite, and connects to the phone that shows it. */
    fun startByInvite(scanned: String) = restart(ReceiveStatus.Starting(isByInvite = true)) { fieldcast ->
        val invite: InviteInfo = parseInvite(scanned, phone.now())
        val group = invite.group
        if (group == null) {
            receive(fieldcast, null, scanned)
        } else {
            fieldcast.joined(group) { receive(fieldcast, it.`interface`.name, scanned) }
        }
    }

    /** Cancels a running transfer, and makes this phone invisible. */
    @Synchronized
    fun stop() {
        val before = job
        job = scope.launch {
            before?.cancelAndJoin()
            current.value = ReceiveStatus.Off
        }
    }

    fun answer(question: Question, answer: Answer) {
        scope.launch {
            try {
                session?.answer(question, answer)
            } catch (_: FieldcastException) {
                // The question is no longer open; the screen says how the exchange ended.
            }
        }
    }

    @Synchronized
    private fun restart(starting: ReceiveStatus.Starting, work: suspend (Fieldcast) -> Unit) {
        val before = job
        current.value = starting
        job = scope.launch {
            before?.cancelAndJoin()
            try {
                work(engine.fieldcast())
            } catch (error: FieldcastException) {
                current.value = ReceiveStatus.Failed(starting.isByInvite, error)
            }
        }
    }

    private suspend fun receive(fieldcast: Fieldcast, network: String?, invite: String?) {
        val options = if (network == null) phone.exchange else phone.exchange.copy(network = network)
        fieldcast.receiving(options) { receiving ->
            session = receiving
            try {
                invite?.let(receiving::dialInvite)
                val device = fieldcast.device()
                val meter = RateMeter()
                receiving.status.collect { now ->
                    val progress = (now.state as? ReceiveState.Receiving)?.progress
                    val rate = progress?.let { meter.at(phone.now(), it.staged.toLong(), it.total.toLong()) }
                    current.value = ReceiveStatus.On(device, now, rate, invite != null)
                }
            } finally {
                session = null
            }
        }
    }
}
