package org.fieldcast.app.ui.setup

import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.Project

/** The pages of the set-up, in order. */
enum class SetupPage { START, SCAN, SERVER, LOGIN, PROJECT, PRACTICE }

/** What the set-up screen shows. */
data class SetupUiState(
    val page: SetupPage = SetupPage.START,
    /** As the user types it on the page [SetupPage.SERVER]; checked from [SetupPage.LOGIN] on. */
    val server: String = "",
    val tenant: String = "",
    val user: String = "",
    val password: String = "",
    /** What is wrong with the server; none before it was checked. */
    val serverProblem: ServerAddress? = null,
    val isTenantMissing: Boolean = false,
    /** The campaign that the scanned code asks this phone to trust. */
    val campaign: ScannedCampaign? = null,
    /** Whether the last scanned code was not a profile. */
    val isCodeUnknown: Boolean = false,
    val isBusy: Boolean = false,
    val error: FieldcastException? = null,
    /** None before the server has answered. */
    val projects: List<Project>? = null,
    val canPractise: Boolean = false,
    /** What was made to practise with. */
    val practice: Offer? = null,
    /** Where to go when everything is set up. */
    val exit: SetupExit? = null,
) {
    val canGoBack: Boolean
        get() = page == SetupPage.SCAN || page == SetupPage.SERVER || page == SetupPage.LOGIN

    val canLogIn: Boolean get() = !isBusy && user.isNotBlank() && password.isNotEmpty()
}

/** A campaign of a scanned code. It belongs only to the server of that code. */
data class ScannedCampaign(
    val key: String,
    /** None if the code has none. */
    val name: String?,
    /** The key in words, to compare with the office. */
    val words: String,
)

/** Where the set-up leads. */
enum class SetupExit { VILLAGES, DOWNLOAD }

/** What the user can do while setting up. */
data class SetupActions(
    val onBack: () -> Unit,
    val onScan: () -> Unit,
    val onScanned: (String) -> Unit,
    val onTypeServer: () -> Unit,
    val onServer: (String) -> Unit,
    val onTenant: (String) -> Unit,
    val onServerDone: () -> Unit,
    val onUser: (String) -> Unit,
    val onPassword: (String) -> Unit,
    /** The user does not want to trust the campaign of the scanned code. */
    val onForgetCampaign: () -> Unit,
    val onLogIn: () -> Unit,
    val onProject: (Project) -> Unit,
    val onRetryProjects: () -> Unit,
    val onOtherServer: () -> Unit,
    val onPractise: () -> Unit,
    val onHome: () -> Unit,
)
