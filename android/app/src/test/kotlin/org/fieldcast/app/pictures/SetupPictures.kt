package org.fieldcast.app.pictures

import org.fieldcast.app.ui.setup.ScannedCampaign
import org.fieldcast.app.ui.setup.ServerAddress
import org.fieldcast.app.ui.setup.SetupActions
import org.fieldcast.app.ui.setup.SetupPage
import org.fieldcast.app.ui.setup.SetupScreen
import org.fieldcast.app.ui.setup.SetupUiState
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.Project
import org.fieldcast.sdk.core.SnapshotSummary

private val login = SetupUiState(SetupPage.LOGIN, "https://hcm.example.org", "mz", "asha", "secret")

private val projects = listOf("Nampula 2026" to "LLIN", "Nampula 2026, round 2" to "SMC", "Sofala" to "")
    .mapIndexed { index, (name, type) -> Project("p$index", name, type, null, null, "p$index", null, null, null) }

private val practice = Offer(
    listOf("Kibera A" to 27uL, "Kibera B" to 21uL, "Mathare" to 12uL).map { (name, households) ->
        SnapshotSummary(Dataset("mz", "p0", name), "Nampula 2026", name, 0L, 400uL, households, 500_000uL, "d")
    },
    69_900uL,
)

private fun picture(name: String, state: SetupUiState) = Picture("setup-$name") { SetupScreen(state, noSetupActions) }

private val noSetupActions =
    SetupActions({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})

/** The pages of the set-up. */
val setupPictures: List<Picture> = listOf(
    picture("start", SetupUiState()),
    picture("start-practise", SetupUiState(canPractise = true)),
    picture("start-busy", SetupUiState(canPractise = true, isBusy = true)),
    picture("scan", SetupUiState(SetupPage.SCAN)),
    picture("scan-unknown", SetupUiState(SetupPage.SCAN, isCodeUnknown = true)),
    picture("server", SetupUiState(SetupPage.SERVER)),
    picture(
        "server-wrong",
        SetupUiState(
            SetupPage.SERVER,
            "http://hcm.example.org",
            serverProblem = ServerAddress.NotSecure,
            isTenantMissing = true,
        ),
    ),
    picture("server-numeric", SetupUiState(SetupPage.SERVER, "192.0.2.7:8443/", "25")),
    picture("login", login),
    picture(
        "login-campaign",
        login.copy(
            user = "",
            password = "",
            campaign = ScannedCampaign("00", "Nampula 2026", "lusab-babad"),
        ),
    ),
    picture("login-busy", login.copy(isBusy = true)),
    picture("login-wrong", login.copy(error = FieldcastException.WrongCredentials(""))),
    picture("projects", login.copy(page = SetupPage.PROJECT, projects = projects)),
    picture("projects-loading", login.copy(page = SetupPage.PROJECT)),
    picture("projects-none", login.copy(page = SetupPage.PROJECT, projects = emptyList())),
    picture("projects-offline", login.copy(page = SetupPage.PROJECT, error = FieldcastException.Offline(""))),
    picture("practice", SetupUiState(SetupPage.PRACTICE, practice = practice)),
)
