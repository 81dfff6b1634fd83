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

/** How far a boundary of a download is. */
sealed interface BoundaryStatus {
    /** It is on its way. */
    data class Running(val progress: BoundaryProgress) : BoundaryStatus

    /** It is complete. */
    data class Done(val progress: BoundaryProgress) : BoundaryStatus

    /** It is not complete; the next download goes on from there. */
    data class Failed(val error: FieldcastException) : BoundaryStatus
}

/** A download that is running. What came stays, whether it is cancelled or the app is killed. */
class Downsync internal constructor(private val job: DownsyncJob, router: Router) : AutoCloseable {
    private val states = MutableStateFlow<Map<String, BoundaryStatus>>(emptyMap())

    /** How far each boundary is, by its code. */
    val boundaries: StateFlow<Map<String, BoundaryStatus>> = states.asStateFlow()

    init {
        router.watch(job.id(), ::take)
    }

    /** Waits for the end. Cancelling the wait does not cancel the download. */
    suspend fun await(): DownsyncReport = asked { job.finished() }

    /** Stops it. */
    fun cancel() = ifOpen(Unit) { job.cancel() }

    /** Stops it, and lets go of it. Nothing happens the second time. */
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
