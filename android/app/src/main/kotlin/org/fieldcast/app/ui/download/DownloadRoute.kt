package org.fieldcast.app.ui.download

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.parts.rememberNotificationActions
import org.fieldcast.app.ui.parts.rememberPermissionRequest

/** Connects the download screen with the app. */
@Composable
fun DownloadRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { DownloadViewModel(state) }
    val now by model.state.collectAsStateWithLifecycle()
    val request = rememberPermissionRequest(onChange = model::checkPhone)
    val actions = DownloadActions(
        onBack = navigator::back,
        onCancel = {
            state.download.cancel()
            navigator.home()
        },
        onRetry = state.download::retry,
        onUseMobileData = { state.download.retry(allowMetered = true) },
        onLogIn = { navigator.replace(Place.SETUP) },
        onChooseVillages = { navigator.replace(Place.VILLAGES) },
        onHome = {
            state.download.dismiss()
            navigator.home()
        },
        notification = rememberNotificationActions(state.notifications, request),
    )
    DownloadScreen(now, state.phone.now(), actions)
}
