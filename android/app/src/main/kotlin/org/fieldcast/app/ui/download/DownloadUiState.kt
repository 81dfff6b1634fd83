package org.fieldcast.app.ui.download

import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.done
import org.fieldcast.app.state.sum
import org.fieldcast.app.ui.download.VillageProgress.Stage
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.app.ui.villages.estimate
import org.fieldcast.sdk.BoundaryStatus
import org.fieldcast.sdk.core.FieldcastException

/** What the download screen shows. */
sealed interface DownloadUiState {
    data object Off : DownloadUiState

    /** It runs, or waits for the internet. */
    data class Going(
        val isWaiting: Boolean,
        val doneVillages: Int,
        val totalVillages: Int,
        val doneHouseholds: Long,
        /** None before any is known. */
        val totalHouseholds: Long?,
        /** Whether the total is extrapolated from the villages that have begun. */
        val isEstimate: Boolean,
        val bytes: Long,
        val secondsLeft: Long?,
        /** The ones in progress first, then the ones to come, then the complete ones. */
        val villages: List<VillageProgress>,
        /** Whether to offer the notification. */
        val asksForNotification: Boolean = false,
    ) : DownloadUiState {
        /** Between 0 and 1; none before any total is known. */
        val part: Float? get() = part(doneHouseholds, totalHouseholds)
    }

    /** Only mobile data is available. */
    data class Metered(
        val villages: Int,
        /** About how many bytes the download needs; none if nothing is known. */
        val bytes: Long?,
    ) : DownloadUiState

    data class Done(val villages: List<VillageProgress>, val households: Long, val asOf: Long?) : DownloadUiState

    data class Failed(
        val error: FieldcastException,
        val doneVillages: Int,
        val totalVillages: Int,
        /** The failed ones first. */
        val villages: List<VillageProgress>,
    ) : DownloadUiState
}

/** The progress of one village. */
data class VillageProgress(
    val code: String,
    val name: String,
    val stage: Stage,
    /** Downloaded households. */
    val households: Long = 0,
    val total: Long? = null,
    val bytes: Long = 0,
    val error: FieldcastException? = null,
) {
    /** In the order in which a list shows them. */
    enum class Stage { FAILED, RUNNING, TO_COME, DONE }

    val part: Float? get() = part(households, total)
}

private fun part(done: Long, total: Long?): Float? =
    total?.let { if (it == 0L) 1f else (done.toFloat() / it).coerceIn(0f, 1f) }

/** Computes what the screen shows. Takes milliseconds for 10,000 villages: call it off the main thread. */
fun uiState(download: DownloadState, stored: Stored?): DownloadUiState = when (download) {
    DownloadState.Off -> DownloadUiState.Off
    is DownloadState.Running -> going(download.request, download.villages, false, download.rate?.secondsLeft)
    is DownloadState.WaitingForInternet -> going(download.request, download.villages, true, null)
    is DownloadState.MeteredOnly -> DownloadUiState.Metered(
        download.request.villages.size,
        stored?.let { estimate(download.request.project, download.request.villages, it).bytes }?.takeIf { it > 0 },
    )
    is DownloadState.Done -> {
        val done = download.report.done.map { it.summary }
        val villages = done.map { summary ->
            val name = summary.boundaryName.ifEmpty { summary.dataset.boundary.orEmpty() }
            val households = summary.households.toLong()
            VillageProgress(summary.dataset.boundary.orEmpty(), name, Stage.DONE, households)
        }
        DownloadUiState.Done(villages, villages.sumOf { it.households }, done.minOfOrNull { it.asOf })
    }
    is DownloadState.Failed -> DownloadUiState.Failed(
        download.error,
        download.villages.done,
        download.request.villages.size,
        progress(download.request, download.villages),
    )
}

private fun going(
    request: DownloadRequest,
    villages: Map<String, BoundaryStatus>,
    isWaiting: Boolean,
    secondsLeft: Long?,
): DownloadUiState.Going {
    val sum = villages.values.sum(request.villages.size)
    return DownloadUiState.Going(
        isWaiting,
        villages.done,
        request.villages.size,
        sum.done,
        sum.total,
        sum.isEstimate,
        sum.bytes,
        secondsLeft,
        progress(request, villages),
    )
}

private fun progress(request: DownloadRequest, villages: Map<String, BoundaryStatus>): List<VillageProgress> =
    request.villages.distinct().map { code ->
        val empty = VillageProgress(code, request.nameOf(code), Stage.TO_COME)
        val (stage, progress) = when (val status = villages[code]) {
            null -> return@map empty
            is BoundaryStatus.Failed -> return@map empty.copy(stage = Stage.FAILED, error = status.error)
            is BoundaryStatus.Running -> Stage.RUNNING to status.progress
            is BoundaryStatus.Done -> Stage.DONE to status.progress
        }
        empty.copy(
            stage = stage,
            households = progress.done.toLong(),
            total = progress.total?.toLong(),
            bytes = progress.wireBytes.toLong(),
        )
    }.sortedBy { it.stage }

/** What the home screen says about the download. */
sealed interface DownloadSummary {
    data class Going(val done: Int, val total: Int, val isWaiting: Boolean) : DownloadSummary

    /** It continues by itself with another network than mobile data. */
    data object WaitingForWifi : DownloadSummary

    /** The user has to act. */
    data object Stopped : DownloadSummary
}

/** What the home screen says about the download; none if there is nothing to say. */
fun summary(download: DownloadState): DownloadSummary? = when (download) {
    is DownloadState.Running -> DownloadSummary.Going(download.villages.done, download.request.villages.size, false)
    is DownloadState.WaitingForInternet ->
        DownloadSummary.Going(download.villages.done, download.request.villages.size, true)
    is DownloadState.MeteredOnly -> DownloadSummary.WaitingForWifi
    is DownloadState.Failed -> DownloadSummary.Stopped
    DownloadState.Off, is DownloadState.Done -> null
}

/** What the user can do about a download. */
data class DownloadActions(
    val onBack: () -> Unit,
    val onCancel: () -> Unit,
    val onRetry: () -> Unit,
    val onUseMobileData: () -> Unit,
    val onLogIn: () -> Unit,
    val onChooseVillages: () -> Unit,
    val onHome: () -> Unit,
    val notification: NotificationActions,
)
