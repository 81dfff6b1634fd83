package org.fieldcast.app.state

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.emitAll
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.mapLatest
import kotlinx.coroutines.flow.receiveAsFlow
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
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

    /**
     * Only mobile data is available, and the user has not allowed it. The download continues by itself with the next
     * network that is not mobile data.
     */
    data class MeteredOnly(val request: DownloadRequest) : DownloadState

    /** There is no internet. The download continues by itself. */
    data class WaitingForInternet(
        val request: DownloadRequest,
        val villages: Map<String, BoundaryStatus> = emptyMap(),
    ) : DownloadState

    data class Done(val report: DownsyncReport) : DownloadState

    /** It ended before all villages were complete. Downloaded data is kept. */
    data class Failed(
        val request: DownloadRequest,
        val error: FieldcastException,
        val villages: Map<String, BoundaryStatus> = emptyMap(),
    ) : DownloadState
}

/** Downloads villages, also after the process was killed or the internet was lost. */
class DownloadController(
    private val engine: EngineOwner,
    private val phone: Phone,
    private val wanted: WantedDownload,
    private val schedule: DownloadSchedule,
    scope: CoroutineScope,
) {
    private val current = MutableStateFlow<DownloadState>(DownloadState.Off)

    /** The latest wish of the user: a download, or none. */
    private val wishes = Channel<DownloadRequest?>(Channel.CONFLATED)

    /** Complete when [current] shows what an earlier process has left. */
    private val loaded = CompletableDeferred<Unit>()

    /** A new job may begin before the previous one has ended. */
    private val jobs = MutableStateFlow(0)

    val state: StateFlow<DownloadState> = current.asStateFlow()

    /** Whether a job of the system runs, which keeps the process. */
    val isInJob: Flow<Boolean> = jobs.map { it > 0 }.distinctUntilChanged()

    /** The state, as soon as it is known what an earlier process has left. */
    suspend fun loadedState(): DownloadState {
        loaded.await()
        return state.value
    }

    init {
        scope.launch { follow() }
    }

    /** Starts a download, instead of a running one. */
    fun start(request: DownloadRequest) {
        current.value = DownloadState.Running(request) // the next screen shows it at once
        wishes.trySend(request)
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

    /**
     * Continues a download that waits, and returns when it has ended, or after some time in which it waits again:
     * whether it is to run again later.
     */
    @OptIn(ExperimentalCoroutinesApi::class)
    suspend fun runInJob(): Boolean {
        jobs.update { it + 1 }
        try {
            val now = loadedState()
            if (engine.state.value is EngineState.Failed) engine.open()
            if (now is DownloadState.MeteredOnly || now is DownloadState.WaitingForInternet) retry()
            return combine(current, engine.state, ::Pair)
                .mapLatest { (download, engine) -> isToRunAgain(download, engine) }
                .filterNotNull()
                .first()
        } finally {
            jobs.update { it - 1 }
        }
    }

    /** None while the job goes on. */
    private suspend fun isToRunAgain(download: DownloadState, engine: EngineState): Boolean? = when (download) {
        DownloadState.Off, is DownloadState.Done, is DownloadState.Failed -> false
        is DownloadState.MeteredOnly -> true
        is DownloadState.Running -> if (engine is EngineState.Failed) true else null
        is DownloadState.WaitingForInternet -> {
            delay(LONGEST_WAIT_IN_JOB)
            true
        }
    }

    /** Cancels it. Downloaded data is kept. */
    fun cancel() {
        wishes.trySend(null)
    }

    /** The user has seen the result. */
    fun dismiss() {
        if (current.value is DownloadState.Done) current.value = DownloadState.Off
    }

    /** Carries out one wish after another. A new wish first ends the present download, whatever it is doing. */
    private suspend fun follow() = flow {
        val left = wanted.load() // by an earlier process
        // Before the engine is open, so that a screen that was restored with the process shows the download.
        if (left != null) current.compareAndSet(DownloadState.Off, DownloadState.Running(left))
        loaded.complete(Unit)
        if (left != null) emit(left)
        emitAll(wishes.receiveAsFlow())
    }.collectLatest { request ->
        if (request == null) {
            wanted.clear()
            current.value = DownloadState.Off
            schedule.cancel()
        } else {
            wanted.store(request)
            schedule.set(request)
            current.value = DownloadState.Running(request)
            current.value = run(engine.fieldcast(), request)
            schedule.cancel() // it is complete, or the user has to act
        }
    }

    /** Downloads until all villages are complete, or the user has to act. Returns the final state. */
    private suspend fun run(fieldcast: Fieldcast, request: DownloadRequest): DownloadState {
        var villages = emptyMap<String, BoundaryStatus>()
        var pause = SHORTEST_PAUSE
        while (true) {
            val network = phone.internet().first()
            try {
                val report = download(fieldcast, request, villages) { villages = it }
                val error = report.decisiveError
                if (error == null) {
                    wanted.clear()
                    return DownloadState.Done(report)
                }
                throw error
            } catch (_: FieldcastException.Offline) {
                villages = villages.filterValues { it !is BoundaryStatus.Failed } // they continue, too
                current.value = DownloadState.WaitingForInternet(request, villages)
                awaitInternet(network, pause)
                pause = minOf(pause * 2, LONGEST_PAUSE)
            } catch (_: FieldcastException.Metered) {
                current.value = DownloadState.MeteredOnly(request)
                awaitInternet(network, Duration.INFINITE)
            } catch (error: FieldcastException) {
                return DownloadState.Failed(request, error, villages)
            }
        }
    }

    /**
     * Waits for another network than the one [tried]. That one is good for another attempt after [pause], because its
     * internet, or the server, may not answer now.
     */
    private suspend fun awaitInternet(tried: Any?, pause: Duration) {
        withTimeoutOrNull(pause) { phone.internet().first { it != null && it != tried } }
            ?: phone.internet().first { it != null }
    }

    /** Downloads once. Passes all that is known about the villages to [onVillages], with what was known [before]. */
    private suspend fun download(
        fieldcast: Fieldcast,
        request: DownloadRequest,
        before: Map<String, BoundaryStatus>,
        onVillages: (Map<String, BoundaryStatus>) -> Unit,
    ): DownsyncReport = coroutineScope {
        current.value = DownloadState.Running(request, before)
        val project = fieldcast.chooseProject(request.project)
        fieldcast.downsync(project, request.villages, request.allowMetered).use { downsync ->
            val meter = RateMeter()
            val watch = launch {
                downsync.boundaries.collect { now ->
                    val villages = before + now
                    onVillages(villages)
                    val sum = villages.values.sum(request.villages.size)
                    val rate = meter.at(phone.now(), sum.done, sum.total)
                    current.value = DownloadState.Running(request, villages, rate)
                }
            }
            val report = downsync.await()
            watch.cancel()
            onVillages(before + downsync.boundaries.value)
            report
        }
    }

    private companion object {
        val SHORTEST_PAUSE = 2.seconds
        val LONGEST_PAUSE = 60.seconds

        /** A job keeps the phone awake. */
        val LONGEST_WAIT_IN_JOB = 20.seconds
    }
}

/**
 * The error that decides how to go on; none if all villages are complete. Waiting for the internet comes first, because
 * it needs no user, and the other villages fail again afterwards.
 */
private val DownsyncReport.decisiveError: FieldcastException?
    get() = failed.map { it.error }.run {
        find { it is FieldcastException.Offline } ?: find { it is FieldcastException.LoginNeeded } ?: firstOrNull()
    }

/** Progress of a whole download. */
data class DownloadSum(
    /** Downloaded households. */
    val done: Long,
    /** All households; none before any is known. */
    val total: Long?,
    /** Whether [total] is extrapolated: the total of a village is known only after its first page. */
    val isEstimate: Boolean,
    /** Bytes transferred. */
    val bytes: Long,
)

/** The progress of a download of this number of villages. */
fun Collection<BoundaryStatus>.sum(villages: Int): DownloadSum {
    val progress = mapNotNull {
        when (it) {
            is BoundaryStatus.Running -> it.progress
            is BoundaryStatus.Done -> it.progress
            is BoundaryStatus.Failed -> null
        }
    }
    val totals = progress.mapNotNull { it.total?.toLong() }
    return DownloadSum(
        progress.sumOf { it.done.toLong() },
        if (totals.isEmpty()) null else totals.sum() * villages / totals.size,
        totals.size < villages,
        progress.sumOf { it.wireBytes.toLong() },
    )
}

/** The number of complete villages. */
internal val Map<String, BoundaryStatus>.done: Int get() = values.count { it is BoundaryStatus.Done }
