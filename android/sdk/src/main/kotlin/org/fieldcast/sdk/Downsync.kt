package org.fieldcast.sdk

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.update
import org.fieldcast.sdk.core.BoundaryProgress
import org.fieldcast.sdk.core.DownsyncJob
import org.fieldcast.sdk.core.DownsyncReport
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FieldcastException

/** The download state of a boundary. */
sealed interface BoundaryStatus {
    /** The download runs. */
    data class Running(val progress: BoundaryProgress) : BoundaryStatus

    /** The download is complete. */
    data class Done(val progress: BoundaryProgress) : BoundaryStatus

    /** The download is not complete. The next download continues from there. */
    data class Failed(val error: FieldcastException) : BoundaryStatus
}

/** A running download. Downloaded data is kept if the download is cancelled or the app is killed. */
class Downsync internal constructor(private val job: DownsyncJob, router: Router) : AutoCloseable {
    private val states = MutableStateFlow<Map<String, BoundaryStatus>>(emptyMap())

    /** The state of each boundary, by its code. */
    val boundaries: StateFlow<Map<String, BoundaryStatus>> = states.asStateFlow()

    init {
        router.watch(job.id(), ::take)
    }

    /** Waits for the end. Cancelling the wait does not cancel the download. */
    suspend fun await(): DownsyncReport = asked { job.finished() }

    /** Cancels the download. */
    fun cancel() = ifOpen(Unit) { job.cancel() }

    /** Cancels the download and releases it. A second call has no effect. */
    override fun close() {
        cancel()
        job.close()
    }

    private fun take(event: Event) = when (event) {
        is Event.DownsyncProgress -> states.update { before ->
            before + event.boundaries.associate { it.boundary to BoundaryStatus.Running(it.progress) }
        }
        is Event.BoundaryDone -> states.update { before ->
            before + (event.summary.dataset.boundary.orEmpty() to BoundaryStatus.Done(event.progress))
        }
        is Event.BoundaryFailed -> states.update { it + (event.boundary to BoundaryStatus.Failed(event.error)) }
        else -> Unit
    }
}
