package org.fieldcast.app.ui.setup

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.remember
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place

/** Connects the set-up screen with the app. */
@Composable
fun SetupRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { SetupViewModel(state, createSavedStateHandle()) }
    val now = model.state
    LaunchedEffect(now.exit) {
        val exit = now.exit ?: return@LaunchedEffect
        model.left()
        navigator.replace(if (exit == SetupExit.DOWNLOAD) Place.DOWNLOAD else Place.VILLAGES)
    }
    BackHandler(now.canGoBack) { model.back() }
    val actions = remember(model, navigator) {
        SetupActions(
            onBack = { if (!model.back()) navigator.back() },
            onScan = { model.open(SetupPage.SCAN) },
            onScanned = model::scanned,
            onTypeServer = { model.open(SetupPage.SERVER) },
            onServer = model::server,
            onTenant = model::tenant,
            onServerDone = model::serverDone,
            onUser = model::user,
            onPassword = model::password,
            onForgetCampaign = model::forgetCampaign,
            onLogIn = model::logIn,
            onProject = model::choose,
            onRetryProjects = model::loadProjects,
            onOtherServer = { model.open(SetupPage.START) },
            onPractise = model::practise,
            onHome = navigator::home,
        )
    }
    SetupScreen(now, actions)
}
