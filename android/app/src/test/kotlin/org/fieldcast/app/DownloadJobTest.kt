package org.fieldcast.app

import android.app.Notification
import android.app.NotificationManager
import android.app.job.JobInfo
import android.app.job.JobParameters
import android.app.job.JobScheduler
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import java.net.URI
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.DownloadJob
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.WantedDownload
import org.fieldcast.app.support.PhoneContext
import org.fieldcast.app.support.Relay
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.newFolder
import org.fieldcast.app.support.sandbox
import org.fieldcast.sdk.android.TransferService
import org.fieldcast.sdk.core.NetworkKind
import org.junit.After
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode
import org.robolectric.shadow.api.Shadow

/** A download continues in a job of the system, without a screen. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-xhdpi", application = TestApp::class)
class DownloadJobTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val app = ApplicationProvider.getApplicationContext<TestApp>()
    private val scheduler = checkNotNull(app.getSystemService(JobScheduler::class.java))
    private val notifications = shadowOf(app.getSystemService(NotificationManager::class.java))
    private val robot = Robot(rule)
    private val folder = newFolder()
    private var server = sandbox

    /** In a process that starts when it is first used. */
    private val state: AppState get() = app.state

    @After
    fun end() {
        TestApp.refusesServices = false
        state.scope.cancel()
    }

    /** The next process of the app has this network. */
    private fun hasNetwork(kind: NetworkKind) {
        TestApp.next = TestPhone("Asha", folder).apply { network.value = kind }
    }

    /** Logs in, and returns the wish for all villages. */
    private fun wish(): DownloadRequest = runBlocking {
        val fieldcast = TestPhone("Asha", folder).open(newIdentity = false)
        fieldcast.login(server, "mz", "distributor", "fieldcast")
        val project = fieldcast.chooseProject(fieldcast.projects().first().id)
        val villages = fieldcast.boundaries(project).filter { it.leaf }.map { it.code }
        fieldcast.shutDown()
        DownloadRequest(project.id, villages)
    }

    /** Starts a download in a process that is killed while it waits for Wi-Fi. */
    private fun isKilledWhileItWaits() {
        val request = wish()
        val phone = TestPhone("Asha", folder).apply { network.value = NetworkKind.METERED }
        val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
        val earlier = AppState(PhoneContext(app, phone), phone, scope)
        earlier.download.start(request)
        robot.waitUntil("the user is told") { told() == listOf("The download waits for Wi-Fi") }
        scope.cancel()
        runBlocking { earlier.engine.fieldcast().shutDown() }
    }

    private val job: JobInfo? get() = scheduler.allPendingJobs.singleOrNull()

    @Suppress("DEPRECATION") // the replacement needs Android 9
    private val jobNetwork: Int? get() = job?.networkType

    /** Runs the job as the system does. */
    private inner class Run {
        private val service = Robolectric.buildService(DownloadJob::class.java).create().get()
        private val parameters = Shadow.newInstanceOf(JobParameters::class.java)

        val hasEnded: Boolean get() = shadowOf(service).isJobFinished
        val isToRunAgain: Boolean get() = shadowOf(service).isRescheduleNeeded

        init {
            assertTrue(service.onStartJob(parameters))
        }

        fun stop(): Boolean = service.onStopJob(parameters)

        fun ends() = robot.waitUntil("the job ends", 60) { hasEnded }
    }

    private fun shown(): String? = notifications.getNotification(TransferService.NOTIFICATION)?.extras
        ?.run { listOf(Notification.EXTRA_TITLE, Notification.EXTRA_TEXT).joinToString { getString(it).orEmpty() } }

    private fun told(): List<String> = notifications.allNotifications.filter { it.channelId == "results" }
        .map { it.extras.getString(Notification.EXTRA_TITLE).orEmpty() }

    @Test
    fun `finishes a download that waited for Wi-Fi when its process was killed`() {
        hasNetwork(NetworkKind.UNMETERED)
        isKilledWhileItWaits()
        assertEquals(JobInfo.NETWORK_TYPE_UNMETERED, jobNetwork)
        assertEquals("the job outlives a restart of the phone", true, job?.isPersisted)
        val run = Run()
        robot.waitUntil("the message disappears") { "The download waits for Wi-Fi" !in told() }
        run.ends()
        assertEquals(false, run.isToRunAgain)
        robot.waitUntil("the job is gone") { job == null }
        assertEquals(null, WantedDownload(app).load())
        assertEquals(4, runBlocking { state.engine.fieldcast().datasets() }.count { it.summary.dataset.boundary != null })
        robot.waitUntil("the user is told") { told() == listOf("The download is complete") }
    }

    @Test
    fun `is scheduled while there is no internet`() = Relay(URI(sandbox).port).use { relay ->
        hasNetwork(NetworkKind.METERED)
        server = "http://127.0.0.1:${relay.port}"
        val request = wish().copy(allowMetered = true)
        relay.isOn = false
        state.download.start(request)
        robot.waitUntil("it waits") { state.download.state.value is DownloadState.WaitingForInternet }
        assertEquals(JobInfo.NETWORK_TYPE_ANY, jobNetwork)
        relay.isOn = true
        robot.waitUntil("the job is gone", 60) { job == null }
        assertTrue("${state.download.state.value}", state.download.state.value is DownloadState.Done)
    }

    @Test
    fun `is not scheduled after the download was cancelled or has failed`() {
        TestApp.next = TestPhone("Asha", folder, mayOpen = false)
        state.download.start(DownloadRequest("gone", listOf("a")))
        robot.waitUntil("the job is scheduled") { jobNetwork == JobInfo.NETWORK_TYPE_UNMETERED }
        state.download.start(DownloadRequest("gone", listOf("a"), allowMetered = true))
        robot.waitUntil("the job is scheduled anew") { jobNetwork == JobInfo.NETWORK_TYPE_ANY }
        state.download.cancel()
        robot.waitUntil("the job is gone") { job == null }
        state.download.start(DownloadRequest("gone", listOf("a")))
        robot.waitUntil("the job is scheduled") { job != null }
        TestApp.next.mayOpen.complete(Unit)
        robot.waitUntil("the download fails") { state.download.state.value is DownloadState.Failed }
        robot.waitUntil("the job is gone") { job == null }
    }

    @Test
    fun `runs again later if there is only mobile data`() {
        hasNetwork(NetworkKind.METERED)
        isKilledWhileItWaits()
        val run = Run()
        run.ends()
        assertEquals(true, run.isToRunAgain)
        assertEquals(JobInfo.NETWORK_TYPE_UNMETERED, jobNetwork)
        TestApp.next.network.value = NetworkKind.UNMETERED
        Run().ends()
        assertTrue("${state.download.state.value}", state.download.state.value is DownloadState.Done)
    }

    @Test
    fun `ends at once without a download`() {
        hasNetwork(NetworkKind.UNMETERED)
        val run = Run()
        run.ends()
        assertEquals(false, run.isToRunAgain)
    }

    @Test
    fun `shows the notification while it runs, although the service may not start`() = Relay(URI(sandbox).port).use { relay ->
        hasNetwork(NetworkKind.UNMETERED)
        server = "http://127.0.0.1:${relay.port}"
        val request = wish()
        WantedDownload(PhoneContext(app, TestApp.next)).store(request)
        TestApp.refusesServices = true
        relay.hold(after = 12_000)
        val stopped = Run()
        robot.waitUntil("the download is shown") { shown() == "Downloading village data, 0 of 4 villages" }
        assertEquals("it runs again", true, stopped.stop())
        robot.waitUntil("it is shown no more") { shown() == null }

        val run = Run()
        robot.waitUntil("the download is shown") { shown() != null }
        TestApp.refusesServices = false
        assertEquals(null, shadowOf(app).nextStartedService)
        ActivityScenario.launch(MainActivity::class.java).use {
            robot.waitUntil("the service starts on the screen") { shadowOf(app).nextStartedService != null }
            relay.release()
            run.ends()
        }
    }
}
