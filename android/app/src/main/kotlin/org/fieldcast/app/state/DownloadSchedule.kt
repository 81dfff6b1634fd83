package org.fieldcast.app.state

import android.app.job.JobInfo
import android.app.job.JobScheduler
import android.content.ComponentName
import android.content.Context

/**
 * Asks the system to run [DownloadJob] when there is the network that a download needs, also after the process was
 * killed or the phone restarted. Call it off the main thread.
 */
class DownloadSchedule(private val context: Context) {
    private val scheduler by lazy { checkNotNull(context.getSystemService(JobScheduler::class.java)) }

    /** Schedules the job, unless it is scheduled with this network: scheduling it anew would stop it if it runs. */
    fun set(request: DownloadRequest) {
        val network = if (request.allowMetered) JobInfo.NETWORK_TYPE_ANY else JobInfo.NETWORK_TYPE_UNMETERED
        @Suppress("DEPRECATION") // the replacement needs Android 9
        if (scheduler.getPendingJob(JOB)?.networkType == network) return
        val job = JobInfo.Builder(JOB, ComponentName(context, DownloadJob::class.java))
            .setRequiredNetworkType(network)
            .setPersisted(true)
            // The exponential one grows to hours while a server is down.
            .setBackoffCriteria(BACKOFF_MILLIS, JobInfo.BACKOFF_POLICY_LINEAR)
            .build()
        scheduler.schedule(job)
    }

    fun cancel() = scheduler.cancel(JOB)

    private companion object {
        const val JOB = 1
        const val BACKOFF_MILLIS = 120_000L
    }
}
