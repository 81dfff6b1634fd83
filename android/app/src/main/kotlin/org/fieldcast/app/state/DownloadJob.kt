package org.fieldcast.app.state

import android.app.job.JobParameters
import android.app.job.JobService
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import org.fieldcast.app.FieldApp

/**
 * Continues a download without a screen. While it runs, the system keeps the process, also where the app may not start
 * its service. [DownloadSchedule] schedules it.
 */
class DownloadJob : JobService() {
    private var run: Job? = null

    override fun onStartJob(parameters: JobParameters): Boolean {
        val state = (application as FieldApp).state
        run = state.scope.launch { jobFinished(parameters, state.download.runInJob()) }
        return true
    }

    /** The network is lost, or the job has run for as long as the system allows. It runs again later. */
    override fun onStopJob(parameters: JobParameters): Boolean {
        run?.cancel()
        return true
    }
}
