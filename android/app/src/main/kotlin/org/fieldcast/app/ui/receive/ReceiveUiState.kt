package org.fieldcast.app.ui.receive

import org.fieldcast.app.state.ReceiveEnd
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.name
import org.fieldcast.app.state.villages
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.sdk.core.ComparisonResult
import org.fieldcast.sdk.core.DialState
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.ReceiveProgress
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.Received

/** What the receive screen shows. */
data class ReceiveUiState(
    /** Whether the user allows to receive. */
    val isAllowed: Boolean,
    /** This phone; none until the engine is open. */
    val own: OwnPhone?,
    val phase: ReceivePhase,
    val isScanning: Boolean = false,
    /** Whether the scanned code names a network that this phone cannot join. It waits in the present one. */
    val isTooOld: Boolean = false,
    val asksForNotification: Boolean = false,
    /** Own changes whose record has changed on the server meanwhile. */
    val conflicts: Int = 0,
    /** Phones nearby with the same key. */
    val sharedKeys: List<Event.SharedKey> = emptyList(),
)

/** How other phones show this one. */
data class OwnPhone(val name: String, val words: String)

/** How far receiving is. */
sealed interface ReceivePhase {
    /** This phone is invisible. */
    data object Off : ReceivePhase

    /** This phone sends at the moment, and cannot do both. */
    data object Sending : ReceivePhase

    data class Needs(val need: Need) : ReceivePhase

    data class Starting(val isByInvite: Boolean) : ReceivePhase

    data class Failed(val error: FieldcastException, val isByInvite: Boolean) : ReceivePhase

    data class On(val view: ReceiveView) : ReceivePhase
}

/** What happens while this phone is visible. */
data class ReceiveView(
    val question: OpenQuestion? = null,
    val transfer: Transfer? = null,
    /** The sender and the code of an exchange that continues. */
    val resumed: Resumed? = null,
    val result: ReceiveResult? = null,
    /** Why the last exchange did not succeed. */
    val ended: EndReason? = null,
    val dial: DialState? = null,
    val distributors: List<NearbyDistributor> = emptyList(),
    val isByInvite: Boolean = false,
    val isOffline: Boolean = false,
)

/** How this phone knows who the sender is. */
enum class Identity { TRUSTED, SCANNED, UNKNOWN }

/** What the pop-up shows. */
data class OpenQuestion(
    /** Another question has another number, also of the same sender. */
    val id: ULong,
    val sender: String,
    val words: String,
    val identity: Identity,
    val code: String,
    val contents: OfferContents,
    /** Names of the phones that downloaded the data. */
    val sources: List<String>,
)

/** What is offered. */
data class OfferContents(
    val campaigns: List<String>,
    val villages: List<String>,
    val households: ULong,
    val bytes: ULong,
    /** The oldest server time of the data, in milliseconds since 1970. */
    val asOf: Long?,
)

data class Transfer(
    /** Whether everything has arrived and is being saved. */
    val isSaving: Boolean,
    /** Between 0 and 1. */
    val part: Float,
    val bytesPerSecond: Double? = null,
    val secondsLeft: Long? = null,
)

data class Resumed(val sender: String, val words: String, val code: String)

/** What was saved, and what differs from the sender's data. */
data class ReceiveResult(
    val households: ULong,
    val villages: Int,
    /** Records that were newer on this phone. */
    val keptNewer: ULong,
    /** Villages of which this phone has a later version. */
    val ahead: List<String>,
    /** Villages of which this phone has a later version with fewer records. */
    val conflicts: List<String>,
)

/** A phone that sends. */
data class NearbyDistributor(val fingerprint: String, val name: String, val words: String)

/** What the user has chosen, and what the phone allows. */
data class ReceiveInput(
    val isAllowed: Boolean = true,
    val isScanning: Boolean = false,
    /** What the phone must allow before it joins the network of the scanned code. */
    val need: Need? = null,
    /** Whether it can never join that network. */
    val isTooOld: Boolean = false,
)

/** Derives what the screen shows. */
fun receiveUiState(
    status: ReceiveStatus,
    input: ReceiveInput,
    own: OwnPhone?,
    isSending: Boolean,
    conflicts: Int,
): ReceiveUiState {
    val phase = when {
        isSending -> ReceivePhase.Sending
        input.need != null -> ReceivePhase.Needs(input.need)
        status is ReceiveStatus.On -> ReceivePhase.On(view(status))
        status is ReceiveStatus.Failed -> ReceivePhase.Failed(status.error, status.invite != null)
        status is ReceiveStatus.Starting -> ReceivePhase.Starting(status.isByInvite)
        input.isAllowed -> ReceivePhase.Starting(isByInvite = false)
        else -> ReceivePhase.Off
    }
    val view = (phase as? ReceivePhase.On)?.view
    val isTooOld = input.isTooOld && phase !is ReceivePhase.Sending && view?.transfer == null && view?.result == null
    return ReceiveUiState(input.isAllowed, own, phase, input.isScanning, isTooOld, conflicts = conflicts)
}

private fun view(status: ReceiveStatus.On): ReceiveView {
    val now = status.receiving
    return ReceiveView(
        now.question?.open(status),
        transfer(status),
        now.resumed?.let { Resumed(it.sender.name, status.words[it.sender.fingerprint].orEmpty(), it.code) },
        (status.result as? ReceiveEnd.Saved)?.received?.result(),
        (status.result as? ReceiveEnd.Failed)?.reason,
        now.dial,
        now.distributors.map { NearbyDistributor(it.fingerprint, it.name, status.words[it.fingerprint].orEmpty()) }
            .sortedWith(compareBy({ it.name }, { it.fingerprint })),
        status.isByInvite,
        status.isOffline,
    )
}

private fun Question.open(status: ReceiveStatus.On) = OpenQuestion(
    id,
    sender.name,
    status.words[sender.fingerprint].orEmpty(),
    when {
        !isKnown -> Identity.UNKNOWN
        status.isByInvite -> Identity.SCANNED // the engine knows the sender by its code, trusted or not
        else -> Identity.TRUSTED
    },
    code,
    offer.contents(),
    sources.map { it.name },
)

private fun Offer.contents(): OfferContents {
    return OfferContents(
        snapshots.map { it.projectName }.distinct(),
        villages.map { it.boundaryName }.sorted(),
        villages.sumOf { it.households },
        bytes,
        snapshots.minOfOrNull { it.asOf },
    )
}

private fun transfer(status: ReceiveStatus.On): Transfer? = when (val state = status.receiving.state) {
    is ReceiveState.Receiving ->
        Transfer(isSaving = false, state.progress.part, status.rate?.perSecond, status.rate?.secondsLeft)
    is ReceiveState.Applying -> Transfer(isSaving = true, state.progress.part)
    else -> null
}

private val ReceiveProgress.part: Float get() = if (total > 0uL) staged.toFloat() / total.toFloat() else 0f

private fun Received.result(): ReceiveResult {
    val contents = offer.contents()
    val compared = offer.snapshots.zip(comparisons)
    return ReceiveResult(
        contents.households,
        contents.villages.size,
        comparisons.filterIsInstance<ComparisonResult.KeptNewer>().sumOf { it.records },
        compared.filter { it.second is ComparisonResult.Ahead }.map { it.first.name },
        compared.filter { it.second is ComparisonResult.Conflict }.map { it.first.name },
    )
}
