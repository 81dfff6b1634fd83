package org.fieldcast.app.ui.setup

import android.os.Bundle
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import java.io.File
import java.io.IOException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import org.fieldcast.app.BuildKind
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.LastLogin
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Project
import org.fieldcast.sdk.core.fingerprintWords

/** The state of the set-up. What the user typed survives the process, except the password. */
class SetupViewModel(private val app: AppState, saved: SavedStateHandle) : ViewModel() {
    private val lastLogin = LastLogin(app.context)

    /** A snapshot state and not a flow, so that a text field has its new text before the next key. */
    var state by mutableStateOf(saved.get<Bundle>(FORM)?.let(::restored) ?: SetupUiState())
        private set

    init {
        saved.setSavedStateProvider(FORM) { form(state) }
        viewModelScope.launch(Dispatchers.Default) {
            val canPractise = BuildKind.IS_REHEARSAL && PRACTICE in app.context.assets.list("").orEmpty()
            change { it.copy(canPractise = canPractise) }
            begin()
        }
    }

    /** Continues where the user is needed: at the projects after a login, at the password if it has expired. */
    private suspend fun begin() {
        val page = state.page
        if (page == SetupPage.PROJECT) return loadProjects()
        if (page != SetupPage.START) return
        val isLoggedIn = app.engine.account() != null
        if (state.page != SetupPage.START) return // the user was quicker than the engine
        if (isLoggedIn) {
            fillFromLastLogin()
            change { it.copy(page = SetupPage.PROJECT) }
            loadProjects()
        } else if (fillFromLastLogin()) {
            change { it.copy(page = SetupPage.LOGIN) }
        }
    }

    private fun fillFromLastLogin(): Boolean {
        val last = lastLogin.load() ?: return false
        change { it.copy(server = last.server, tenant = last.tenant, user = last.user, campaign = null) }
        return true
    }

    fun open(page: SetupPage) = change {
        it.copy(
            page = page,
            campaign = it.campaign.takeIf { page != SetupPage.START },
            error = null,
            isCodeUnknown = false,
            serverProblem = null,
            isTenantMissing = false,
        )
    }

    /** Returns to the first page; returns false if the screen is to be left instead. */
    fun back(): Boolean {
        if (!state.canGoBack) return false
        open(SetupPage.START)
        return true
    }

    fun scanned(text: String) {
        val profile = parseProfile(text, BuildKind.IS_REHEARSAL)
        val campaign = profile?.run { campaignKey?.let { ScannedCampaign(it, campaignName, fingerprintWords(it)) } }
        change {
            when {
                it.page != SetupPage.SCAN -> it
                profile == null -> it.copy(isCodeUnknown = true)
                else -> it.copy(
                    page = SetupPage.LOGIN,
                    server = profile.server,
                    tenant = profile.tenant,
                    campaign = campaign,
                    isCodeUnknown = false,
                    error = null,
                )
            }
        }
    }

    fun server(text: String) = change { it.copy(server = text, serverProblem = null) }

    fun tenant(text: String) = change { it.copy(tenant = text, isTenantMissing = false) }

    fun serverDone() = change {
        val tenant = it.tenant.trim()
        val server = checkServer(it.server, BuildKind.IS_REHEARSAL)
        if (server is ServerAddress.Good && tenant.isNotEmpty()) {
            // A typed server has no campaign key, even if a code was scanned before.
            it.copy(page = SetupPage.LOGIN, server = server.url, tenant = tenant, campaign = null)
        } else {
            it.copy(serverProblem = server.takeIf { server !is ServerAddress.Good }, isTenantMissing = tenant.isEmpty())
        }
    }

    fun forgetCampaign() = change { it.copy(campaign = null) }

    fun user(text: String) = change { it.copy(user = text, error = null) }

    fun password(text: String) = change { it.copy(password = text, error = null) }

    fun logIn() = working { fieldcast ->
        val now = state
        val user = now.user.trim()
        fieldcast.login(now.server, now.tenant, user, now.password)
        lastLogin.store(LastLogin.Data(now.server, now.tenant, user))
        now.campaign?.let { fieldcast.trustCampaign(it.key, it.name ?: now.tenant) }
        app.villages.refresh()
        // The password is not needed again.
        change { it.copy(page = SetupPage.PROJECT, password = "", projects = null) }
        projects(fieldcast)
    }

    fun loadProjects() = working(::projects)

    fun choose(project: Project) = working { choose(it, project) }

    /** Makes a small campaign on this phone. */
    fun practise() = working { fieldcast ->
        val file = File(app.context.cacheDir, PRACTICE)
        try {
            app.context.assets.open(PRACTICE).use { asset -> file.outputStream().use { asset.copyTo(it) } }
            val imported = fieldcast.importBundle(file.path)
            app.villages.refresh()
            change { it.copy(page = SetupPage.PRACTICE, practice = imported.info.offer) }
        } catch (error: IOException) {
            throw FieldcastException.StorageFull(error.message.orEmpty())
        } finally {
            file.delete()
        }
    }

    /** The screen has left. */
    fun left() = change { it.copy(exit = null) }

    private suspend fun projects(fieldcast: Fieldcast) {
        val projects = fieldcast.projects()
        val waiting = (app.download.state.value as? DownloadState.Failed)
            ?.takeIf { it.error is FieldcastException.LoginNeeded }
            ?.request?.project
        val wanted = projects.singleOrNull() ?: projects.find { it.id == waiting }
        if (wanted != null) choose(fieldcast, wanted) else change { it.copy(projects = projects) }
    }

    private suspend fun choose(fieldcast: Fieldcast, project: Project) {
        fieldcast.chooseProject(project.id)
        val stopped = app.download.state.value as? DownloadState.Failed
        val continues = stopped?.error is FieldcastException.LoginNeeded && stopped.request.project == project.id
        if (continues) app.download.retry()
        change { it.copy(exit = if (continues) SetupExit.DOWNLOAD else SetupExit.VILLAGES) }
    }

    /** Does one thing at a time, and shows its error. */
    private fun working(work: suspend (Fieldcast) -> Unit) {
        if (state.isBusy) return
        change { it.copy(isBusy = true, error = null) }
        viewModelScope.launch(Dispatchers.Default) {
            try {
                work(app.engine.fieldcastOrError())
            } catch (error: FieldcastException) {
                val page = if (error is FieldcastException.LoginNeeded) SetupPage.LOGIN else state.page
                change { it.copy(page = page, error = error) }
            } finally {
                change { it.copy(isBusy = false) }
            }
        }
    }

    @Synchronized
    private fun change(to: (SetupUiState) -> SetupUiState) {
        state = to(state)
    }

    private companion object {
        const val PRACTICE = "practice.fcb"
        const val FORM = "form"
        const val PAGE = "page"
        const val SERVER = "server"
        const val TENANT = "tenant"
        const val USER = "user"
        const val CAMPAIGN_KEY = "campaign_key"
        const val CAMPAIGN_NAME = "campaign_name"
        const val CAMPAIGN_WORDS = "campaign_words"

        fun form(now: SetupUiState): Bundle {
            // A process that ends while it shows the scanner, or the result of practising, starts at the beginning.
            val isLasting = now.page != SetupPage.SCAN && now.page != SetupPage.PRACTICE
            return Bundle().apply {
                putString(PAGE, (if (isLasting) now.page else SetupPage.START).name)
                putString(SERVER, now.server)
                putString(TENANT, now.tenant)
                putString(USER, now.user)
                putString(CAMPAIGN_KEY, now.campaign?.key)
                putString(CAMPAIGN_NAME, now.campaign?.name)
                putString(CAMPAIGN_WORDS, now.campaign?.words)
            }
        }

        fun restored(form: Bundle) = SetupUiState(
            page = form.getString(PAGE)?.let(SetupPage::valueOf) ?: SetupPage.START,
            server = form.getString(SERVER).orEmpty(),
            tenant = form.getString(TENANT).orEmpty(),
            user = form.getString(USER).orEmpty(),
            campaign = form.getString(CAMPAIGN_KEY)?.let {
                ScannedCampaign(it, form.getString(CAMPAIGN_NAME), form.getString(CAMPAIGN_WORDS).orEmpty())
            },
        )
    }
}
