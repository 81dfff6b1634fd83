package org.fieldcast.app.state

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import org.fieldcast.app.Phone
import org.fieldcast.sdk.BoundaryStatus
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.DownsyncReport
import org.fieldcast.sdk.core.FieldcastException

/** What the download does. */
sealed interface DownloadState {
    data object Off : DownloadState

    /** Villages by code; a village that has not started is absent. */
    data class Running(
        val request: DownloadRequest,
        val villages: Map<String, BoundaryStatus> = emptyMap(),
        val rate: Rate? = null,
    ) : DownloadState

    /** Only mobile data is available, and the user has not allowed it. */
    data class MeteredOnly(val request: DownloadRequest) : DownloadState

    /** There is no internet. The download continues by itself. */
    data class WaitingForInternet(val request: DownloadRequest) : DownloadState

    data class Done(val report: DownsyncReport) : DownloadState

    /** It ended before all villages were complete. Downloaded data is kept. */
    data class Failed(val request: DownloadRequest, val error: FieldcastException) : DownloadState
}

/** Downloads villages, also after the process was killed or the internet was lost. */
class DownloadController(
    private val engine: EngineOwner,
    private val phone: Phone,
    private val wanted: WantedDownload,
    private val scope: CoroutineScope,
) {
    private val current = MutableStateFlow<DownloadState>(DownloadState.Off)
    private var job: Job? = null

    val state: StateFlow<DownloadState> = current.asStateFlow()

    init {
        scope.launch { wanted.load()?.let(::start) }
    }

    /** Starts a download, instead of a running one. */
    @Synchronized
    fun start(request: DownloadRequest) {
        val before = job
        current.value = DownloadState.Running(request)
        job = scope.launch {
            before?.cancelAndJoin()
            wanted.store(request)
            run(engine.fieldcast(), request)
        }
    }

    /** Continues a download that stopped, with mobile data if [allowMetered]. */
    fun retry(allowMetered: Boolean = false) {
        val request = when (val now = current.value) {
            is DownloadState.Failed -> now.request
            is DownloadState.MeteredOnly -> now.request
            is DownloadState.WaitingForInternet -> now.request
            else -> return
        }
        start(request.copy(allowMetered = request.allowMetered || allowMetered))
    }

    /** Cancels it. Downloaded data is kept. */
    @Synchronized
    fun cancel() {
        val before = job
        job = scope.launch {
            before?.cancelAndJoin()
            wanted.clear()
            current.value = DownloadState.Off
        }
    }

    /** The user has seen the result. */
    fun dismiss() {
        if (current.value is DownloadState.Done) current.value = DownloadState.Off
    }

    private suspend fun run(fieldcast: Fieldcast, request: DownloadRequest) {
        var pause = SHORTEST_PAUSE
        while (true) {
            try {
                val report = download(fieldcast, request)
                val error = report.failed.firstOrNull()?.error ?: return finish(DownloadState.Done(report))
                throw error
            } catch (_: FieldcastException.Offline) {
                current.value = DownloadState.WaitingForInternet(request)
                // The phone may have a network whose internet, or the server, does not answer.
                delay(pause)
                pause = minOf(pause * 2, LONGEST_PAUSE)
                phone.internet().first()
            } catch (_: FieldcastException.Metered) {
                current.value = DownloadState.MeteredOnly(request)
                return
            } catch (error: FieldcastException) {
                return finish(DownloadState.Failed(request, error))
            }
        }
    }

    private fun finish(end: DownloadState) {
        if (end is DownloadState.Done) wanted.clear()
        current.value = end
    }

    private suspend fun download(fieldcast: Fieldcast, request: DownloadRequest): DownsyncReport = coroutineScope {
        current.value = DownloadState.Running(request)
        val project = fieldcast.chooseProject(request.project)
        fieldcast.downsync(project, request.villages, request.allowMetered).use { downsync ->
            val meter = RateMeter()
            val watch = launch {
                downsync.boundaries.collect { villages ->
                    val (done, total) = villages.values.households(request.villages.size)
                    current.value = DownloadState.Running(request, villages, meter.at(phone.now(), done, total))
                }
            }
            downsync.await().also { watch.cancel() }
        }
    }

    private companion object {
        val SHORTEST_PAUSE = 2.seconds
        val LONGEST_PAUSE = 60.seconds
    }
}

/**
 * Downloaded households and their total. The total of a village is known only after its first page, so it is
 * extrapolated from the others until then; none before any is known.
 */
private fun Collection<BoundaryStatus>.households(villages: Int): Pair<Long, Long?> {
    val progress = mapNotNull {
        when (it) {
            is BoundaryStatus.Running -> it.progress
            is BoundaryStatus.Done -> it.progress
            is BoundaryStatus.Failed -> null
        }
    }
    val totals = progress.mapNotNull { it.total?.toLong() }
    val total = if (totals.isEmpty()) null else totals.sum() * villages / totals.size
    return progress.sumOf { it.done.toLong() } to total
}
