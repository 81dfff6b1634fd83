package org.fieldcast.app.ui.send

import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.Receiver
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.isComplete
import org.fieldcast.app.state.isFinal
import org.fieldcast.app.state.isSelected
import org.fieldcast.app.state.key
import org.fieldcast.app.state.progress
import org.fieldcast.app.state.villages
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.sdk.core.ComparisonResult
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.QrMatrix
import org.fieldcast.sdk.core.SendState

/** What the send screen shows. */
data class SendUiState(
    /** None until the stored data was read. */
    val contents: SendContents?,
    val connection: Connection,
    /** Whether the user can choose between the connections. */
    val hasGroups: Boolean,
    val phase: SendPhase,
    /** Whether to ask for the notification, which is useful but not necessary. */
    val asksForNotification: Boolean = false,
    val invite: InviteState = InviteState.Hidden,
    /** Phones nearby with the same key. */
    val sharedKeys: List<Event.SharedKey> = emptyList(),
)

/** The data that is sent, or will be. */
data class SendContents(
    val villages: Int,
    val households: ULong,
    /** The complete villages on this phone. */
    val choices: List<VillageChoice>,
    /** Villages on this phone that are not sent because they were never complete. */
    val incomplete: Int = 0,
    /** Chosen villages with data that came to this phone after it began to send. */
    val newer: Int = 0,
)

/** A village that can be sent. */
data class VillageChoice(val key: String, val name: String, val households: ULong, val isChosen: Boolean)

/** How far sending is. */
sealed interface SendPhase {
    /** The stored data is being read. */
    data object Loading : SendPhase

    /** No village is chosen, or none is here. */
    data object Empty : SendPhase

    /** This phone receives at the moment, and cannot do both. */
    data object Receiving : SendPhase

    data class Needs(val need: Need) : SendPhase

    data object Starting : SendPhase

    data class Failed(val error: FieldcastException) : SendPhase

    data class On(val list: SendList) : SendPhase
}

/** The phones, in the order of the screen. */
data class SendList(
    val rows: List<SendRow>,
    val absent: List<AbsentRow>,
    /** The code to compare now; none if there is nothing to compare. */
    val comparison: Comparison?,
    /** The bytes to send to each phone. */
    val bytes: ULong,
    val summary: SendSummary,
    /** Whether this phone has no network at the moment. */
    val isOffline: Boolean,
) {
    val found: List<SendRow> get() = rows.filter { it.stage == SendStage.FOUND }
    val selected: List<SendRow> get() = rows.filter { it.isSelected }

    /** The phones that wait after they scanned the code. */
    val scanned: List<SendRow> get() = found.filter { it.hasScanned }
}

/** A code to compare with the screen of a receiver. */
data class Comparison(val fingerprint: String, val name: String, val words: String, val code: String, val more: Int)

/** How many of the phones that were selected so far are done. */
data class SendSummary(val upToDate: Int, val total: Int, val running: List<String>, val failed: List<String>) {
    val isOver: Boolean get() = total > 0 && running.isEmpty()
}

/** What happens with a receiver. */
enum class SendStage {
    COMPARE, QUEUED, AWAITED, CONNECTING, ASKING, CONFIRMING, AGREEING, SENDING, APPLYING, LOST, FAILED, FOUND, SAVED
}

/** The sections of the list. Within a section rows keep their place, so that they do not move under a finger. */
private val SendStage.section: Int
    get() = when (this) {
        SendStage.COMPARE -> 0
        SendStage.FAILED -> 2
        SendStage.FOUND -> 3
        SendStage.SAVED -> 4
        else -> 1
    }

/** A phone nearby, or a selected one that has left. */
data class SendRow(
    val fingerprint: String,
    val name: String,
    val words: String,
    val isTrusted: Boolean,
    val stage: SendStage,
    val isSelected: Boolean = false,
    /** Whether it connected by this phone's code. */
    val hasScanned: Boolean = false,
    /** Between 0 and 1, while data moves. */
    val part: Float? = null,
    val bytesPerSecond: Double? = null,
    val secondsLeft: Long? = null,
    /** Why it failed. */
    val ending: Ending? = null,
    /** Villages of which the other phone has a later version with fewer records. */
    val conflicts: Int = 0,
    /** The code on the other screen, though it need not be compared here. */
    val codeShown: String? = null,
)

/** A trusted phone that is not nearby. */
data class AbsentRow(val fingerprint: String, val name: String, val words: String, val isQueued: Boolean)

/** The code that invites receivers. */
sealed interface InviteState {
    data object Hidden : InviteState

    data object Loading : InviteState

    data class Shown(val matrix: QrMatrix, val minutesLeft: Long) : InviteState

    data class Failed(val error: FieldcastException) : InviteState
}

/** What the user has chosen, and what the phone allows. */
data class SendInput(
    val connection: Connection,
    /** Keys of the villages to send; none for all. */
    val chosen: Set<String>? = null,
    /** Fingerprints of the selected receivers. */
    val selected: Set<String> = emptySet(),
    /** The receiver whose code the screen shows: the code must not change while the user reads it. */
    val comparing: String? = null,
    val need: Need? = null,
)

/** The complete ones of the chosen villages, or of all, and what belongs to their whole project. */
fun Stored.chosen(keys: Set<String>?): List<Dataset> {
    val complete = datasets.filter { it.isComplete }.map { it.summary.dataset }
    val (villages, common) = complete.partition { it.boundary != null }
    val chosen = villages.filter { keys == null || it.key in keys }
    val projects = chosen.mapTo(HashSet()) { it.tenant to it.project }
    return chosen + common.filter { it.tenant to it.project in projects }
}

/** Derives what the screen shows. */
fun sendUiState(
    contents: SendContents?,
    status: SendStatus,
    input: SendInput,
    hasGroups: Boolean,
    isReceiving: Boolean,
): SendUiState {
    val phase = when {
        status is SendStatus.On -> SendPhase.On(list(status, input.selected, input.comparing))
        contents == null -> SendPhase.Loading
        contents.villages == 0 -> SendPhase.Empty
        isReceiving -> SendPhase.Receiving
        input.need != null -> SendPhase.Needs(input.need)
        status is SendStatus.Failed -> SendPhase.Failed(status.error)
        else -> SendPhase.Starting
    }
    return SendUiState(contents, input.connection, hasGroups, phase)
}

/** What can be sent, what is [chosen], and what the running [offer] has. Takes long for thousands of villages. */
fun sendContents(stored: Stored, chosen: Set<String>?, offer: Offer? = null): SendContents {
    val (complete, incomplete) = stored.villages.partition { it.isComplete }
    val choices = complete.map { status ->
        val key = status.summary.dataset.key
        VillageChoice(key, status.summary.boundaryName, status.summary.households, chosen == null || key in chosen)
    }
    val present = complete.map { it.summary }.filterIndexed { index, _ -> choices[index].isChosen }
    val sent = offer?.villages ?: present
    val digests = sent.associate { it.dataset to it.digest }
    return SendContents(
        sent.size,
        sent.sumOf { it.households },
        choices.sortedBy { it.name },
        incomplete.size,
        present.count { it.digest != digests[it.dataset] },
    )
}

private fun list(status: SendStatus.On, selected: Set<String>, comparing: String?): SendList {
    val nearby = status.receivers.map { it.row(it.fingerprint in selected, it.fingerprint in status.queued) }
    val left = status.left.map { SendRow(it.fingerprint, it.name, it.words, isTrusted = false, SendStage.AWAITED) }
    val rows = (nearby + left)
        .sortedWith(compareBy({ it.stage.section }, { it.name }, { it.fingerprint }))
    val codes = status.receivers.filter { it.nearby.code != null }
        .sortedWith(compareBy({ it.name }, { it.fingerprint }))
    val first = codes.find { it.fingerprint == comparing } ?: codes.firstOrNull()
    return SendList(
        rows,
        status.absent.map { AbsentRow(it.fingerprint, it.name, it.words, it.fingerprint in status.queued) },
        first?.let { Comparison(it.fingerprint, it.name, it.words, it.nearby.code.orEmpty(), codes.size - 1) },
        status.offer.bytes,
        status.summary(),
        status.address == null,
    )
}

/** Of the phones that were selected in this session, queued ones included, or else in an earlier one. */
private fun SendStatus.On.summary(): SendSummary {
    val (waiting, others) = receivers.partition { it.fingerprint in queued }
    val picked = others.filter { it.nearby.state.isSelected }
    val running = picked.filterNot { it.nearby.state.isFinal } + waiting
    if (picked.isEmpty() && queued.isEmpty() && earlier != null) {
        return SendSummary(earlier.upToDate, earlier.total, emptyList(), emptyList())
    }
    return SendSummary(
        picked.count { it.nearby.state is SendState.Saved },
        picked.size + queued.size,
        running.map { it.fingerprint } + awaited,
        picked.filter { it.nearby.state is SendState.Failed }.map { it.fingerprint },
    )
}

private fun Receiver.row(isSelected: Boolean, isQueued: Boolean): SendRow {
    val stage = stage(isQueued)
    val progress = nearby.state.progress
    return SendRow(
        fingerprint,
        name,
        words,
        isTrusted,
        stage,
        isSelected && stage == SendStage.FOUND,
        nearby.peer.`by`.invited,
        progress?.let { if (it.total > 0uL) it.staged.toFloat() / it.total.toFloat() else 0f },
        rate?.perSecond,
        rate?.secondsLeft,
        (nearby.state as? SendState.Failed)?.ending,
        (nearby.state as? SendState.Saved)?.sent?.comparisons.orEmpty().count { it is ComparisonResult.Conflict },
        codeShown.takeIf { nearby.code == null },
    )
}

private fun Receiver.stage(isQueued: Boolean): SendStage = when (nearby.state) {
    is SendState.Saved -> SendStage.SAVED
    is SendState.Failed -> if (isQueued) SendStage.QUEUED else SendStage.FAILED
    is SendState.Found -> if (isQueued) SendStage.QUEUED else SendStage.FOUND
    else -> if (nearby.code != null) SendStage.COMPARE else running(nearby.state)
}

private fun running(state: SendState): SendStage = when (state) {
    is SendState.Connecting -> SendStage.CONNECTING
    is SendState.Asking -> SendStage.ASKING
    is SendState.Confirming -> SendStage.CONFIRMING
    is SendState.Agreeing -> SendStage.AGREEING
    is SendState.Sending -> SendStage.SENDING
    is SendState.Applying -> SendStage.APPLYING
    is SendState.Lost -> SendStage.LOST
    else -> SendStage.QUEUED
}
