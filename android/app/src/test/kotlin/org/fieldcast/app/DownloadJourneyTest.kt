package org.fieldcast.app

import android.content.Context
import android.os.Build
import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.test.core.app.ActivityScenario
import androidx.test.core.app.ApplicationProvider
import java.net.URI
import java.net.URLEncoder
import kotlinx.coroutines.runBlocking
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.WantedDownload
import org.fieldcast.app.support.Relay
import org.fieldcast.app.support.Robot
import org.fieldcast.app.support.TestApp
import org.fieldcast.app.support.TestPhone
import org.fieldcast.app.support.choosesAll
import org.fieldcast.app.support.logIn
import org.fieldcast.app.support.Office
import org.fieldcast.app.support.sandbox
import org.fieldcast.sdk.core.NetworkKind
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Rule
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-xhdpi", application = TestApp::class)
class DownloadJourneyTest {
    @get:Rule val rule = createEmptyComposeRule()

    private val state: AppState get() = ApplicationProvider.getApplicationContext<TestApp>().state

    private fun onPhone(phone: TestPhone = TestPhone("Asha"), use: Robot.(ActivityScenario<MainActivity>) -> Unit) {
        TestApp.next = phone
        ActivityScenario.launch(MainActivity::class.java).use { Robot(rule).use(it) }
    }

    @Test
    fun `downloads villages after the first login`() = onPhone { scenario ->
        choosesAll()
        sees("The size is known after the first download")
        taps("Download 4 villages")
        sees("The download is complete", 120)
        scenario.recreate()
        sees("120 households")
        taps("Go to home screen")
        sees("4 villages")
        sees("120 households")
        taps("Download")
        sees("On this phone, as of")
    }

    @Test
    fun `trusts the campaign of a scanned code only if the user agrees`() = onPhone {
        val server = URLEncoder.encode(sandbox, "UTF-8")
        taps("Download")
        taps("Scan the office's code")
        types("Text of the code", "fieldcast://profile?server=$server&tenant=mz&campaign=${Office().key}&name=Nets")
        taps("Use this code")
        sees("Key of the campaign: ")
        taps("Do not trust this campaign")
        types("User name", "distributor")
        types("Password", "fieldcast")
        taps("Log in")
        sees("SMC Nampula 2025, ciclo 1")
        assertEquals(emptyList<Any>(), runBlocking { state.engine.fieldcast().campaigns() })
    }

    @Test
    fun `asks once whether it may show notifications`() = onPhone(TestPhone("Asha", mayOpen = false)) { scenario ->
        state.download.start(DownloadRequest("p", listOf("a")))
        taps("Download")
        val question = "Allow notifications"
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) {
            sees(question)
            taps("Not now")
        }
        seesNoMore(question)
        scenario.recreate()
        sees("0 of 1 village complete")
        seesNoMore(question)
        taps("Back")
        TestApp.next.mayOpen.complete(Unit)
        taps("Receive data")
        sees("This phone is visible")
        seesNoMore(question)
    }

    @Test
    fun `rejects a wrong password`() = onPhone {
        taps("Download")
        logIn("wrong")
        sees("The user name or the password is wrong")
    }

    @Test
    fun `asks before it uses mobile data`() {
        val phone = TestPhone("Asha")
        phone.network.value = NetworkKind.METERED
        onPhone(phone) {
            choosesAll()
            taps("Download 4 villages")
            sees("Use mobile data?")
            taps("Use mobile data")
            sees("The download is complete", 120)
        }
    }

    @Test
    fun `continues by itself on another network`() {
        val phone = TestPhone("Asha")
        phone.network.value = NetworkKind.METERED
        onPhone(phone) {
            choosesAll()
            taps("Download 4 villages")
            taps("Wait for Wi-Fi")
            sees("The download waits for Wi-Fi")
            phone.network.value = NetworkKind.UNMETERED
            sees("120 households", 120)
        }
    }

    @Test
    fun `asks for the login again and continues`() {
        val context = ApplicationProvider.getApplicationContext<Context>()
        onPhone {
            choosesAll()
            runBlocking { state.engine.fieldcast().logout() }
            taps("Download 4 villages")
            taps("Log in")
            sees("Log in to")
            types("Password", "fieldcast")
            taps("Log in")
            sees("The download is complete", 120)
        }
        assertNull(WantedDownload(context).load())
    }

    @Test
    fun `stores the wish of the user`() {
        val context = ApplicationProvider.getApplicationContext<Context>()
        val request = DownloadRequest("p", listOf("a", "b"), true, mapOf("b" to "Kibera B"))
        WantedDownload(context).store(request)
        assertEquals(request, WantedDownload(context).load())
    }

    @Test
    fun `cancels after a confirmation`() = onPhone {
        choosesAll()
        taps("Download 4 villages")
        waitUntil("the download starts") { state.download.state.value != DownloadState.Off }
        repeat(20) {
            state.download.start(DownloadRequest("gone", listOf("x")))
            state.download.cancel()
        }
        state.download.start(DownloadRequest("gone", listOf("x")))
        sees("This selection is no longer valid", 60)
        taps("Cancel")
        taps("Continue")
        taps("Cancel")
        taps("Cancel the download")
        sees("Share data")
        waitUntil("the download ends") { state.download.state.value == DownloadState.Off }
        assertNull(WantedDownload(state.context).load())
    }

    @Test
    fun `continues by itself after the internet was lost`() {
        Relay(URI(sandbox).port).use { relay ->
            onPhone {
                choosesAll(server = "http://127.0.0.1:${relay.port}")
                relay.isOn = false
                taps("Download 4 villages")
                sees("The download continues by itself")
                relay.isOn = true
                sees("The download is complete", 120)
            }
        }
    }

    @Test
    fun `shows the last list of villages without internet`() {
        Relay(URI(sandbox).port).use { relay ->
            onPhone {
                choosesAll(server = "http://127.0.0.1:${relay.port}")
                taps("Back")
                relay.isOn = false
                taps("Download")
                sees("This is the list of villages from last time")
                sees("4 villages")
            }
        }
    }

    @Test
    fun `continues after the process was killed`() {
        val phone = TestPhone("Asha")
        val request = runBlocking {
            val fieldcast = phone.open(newIdentity = false)
            fieldcast.login(sandbox, "mz", "distributor", "fieldcast")
            val project = fieldcast.chooseProject("SMC Nampula 2025, ciclo 1")
            val villages = fieldcast.boundaries(project).filter { it.leaf }.map { it.code }
            fieldcast.shutDown()
            DownloadRequest(project.id, villages)
        }
        TestApp.next = phone
        WantedDownload(ApplicationProvider.getApplicationContext<Context>()).store(request)
        onPhone(phone) {
            sees("4 villages", 120)
            sees("120 households", 120)
        }
    }

    @Test
    fun `practises without a server`() = onPhone {
        taps("Download")
        taps("Practise without a server")
        sees("60 households")
        taps("Go to home screen")
        sees("3 villages")
    }
}
