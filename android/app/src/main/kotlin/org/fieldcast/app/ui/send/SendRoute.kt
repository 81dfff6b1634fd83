package org.fieldcast.app.ui.send

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.ui.platform.LocalContext
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.parts.rememberNeedActions
import org.fieldcast.app.ui.parts.rememberNotificationActions
import org.fieldcast.app.ui.parts.rememberPermissionRequest
import org.fieldcast.app.ui.rememberDownloadAction
import org.fieldcast.sdk.android.FieldcastAndroid

@Composable
fun SendRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { SendViewModel(state, createSavedStateHandle()) }
    val shown by model.state.collectAsStateWithLifecycle()
    val request = rememberPermissionRequest(onChange = model::checkPhone)
    val context = LocalContext.current
    val actions = SendActions(
        onBack = navigator::back,
        onHome = navigator::home,
        onStop = {
            model.stop()
            navigator.home()
        },
        onTryAgain = model::tryAgain,
        onConnect = model::connect,
        onChoose = model::choose,
        onSendAgain = model::sendAgain,
        onSelect = model::select,
        onSendTo = model::sendTo,
        onCancel = model::cancel,
        onCompare = model::compare,
        onAnswer = model::answer,
        onShowInvite = model::showInvite,
        onHideInvite = model::hideInvite,
        need = rememberNeedActions(request),
        notification = rememberNotificationActions(state.notifications, request),
        onStopReceiving = model::stopReceiving,
        onDownload = rememberDownloadAction(state, navigator),
        onSettings = navigator::openSettings,
    )
    shown?.let { SendScreen(it, actions, request.isRefused(FieldcastAndroid.missingPermissions(context))) }
}
