package org.fieldcast.app.ui.receive

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.platform.LocalContext
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.parts.rememberNeedActions
import org.fieldcast.app.ui.parts.rememberNotificationActions
import org.fieldcast.app.ui.parts.rememberPermissionRequest
import org.fieldcast.sdk.android.FieldcastAndroid

@Composable
fun ReceiveRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { ReceiveViewModel(state, createSavedStateHandle()) }
    val shown by model.state.collectAsStateWithLifecycle()
    val request = rememberPermissionRequest(onChange = model::checkPhone)
    val context = LocalContext.current
    val actions = ReceiveActions(
        onBack = navigator::back,
        onHome = navigator::home,
        onLookUp = { navigator.open(Place.LOOK_UP) },
        onAllowReceiving = model::allow,
        onScan = model::scan,
        onScanned = model::onScanned,
        onAnswer = model::answer,
        onCancel = model::cancel,
        onConnect = model::connect,
        onTryAgain = model::tryAgain,
        onWaitOnly = model::waitOnly,
        onStopSending = model::stopSending,
        need = rememberNeedActions(request),
        notification = rememberNotificationActions(state.notifications, request),
        onSettings = navigator::openSettings,
    )
    val isRefused = request.isRefused(FieldcastAndroid.missingPermissions(context))
    shown?.let { ReceiveScreen(it, state.phone.now(), actions, isRefused) }
}
