package org.fieldcast.app.ui.trusted

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator

/** Shows whom this phone trusts. */
@Composable
fun TrustedRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { TrustedViewModel(state) }
    val trusted by model.state.collectAsStateWithLifecycle()
    val error by model.error.collectAsStateWithLifecycle()
    val forgetting by model.forgetting.collectAsStateWithLifecycle()
    val adding by model.adding.collectAsStateWithLifecycle()
    var campaignKey by rememberSaveable { mutableStateOf<String?>(null) }
    val actions = TrustedActions(
        onBack = navigator::back,
        onForgetPhone = model::askToForget,
        onForgetCampaign = { campaignKey = it.key },
        onScan = model::scan,
    )
    val added = adding
    if (added != null) {
        BackHandler(onBack = model::stopAdding)
        val addActions = AddActions(model::stopAdding, model::onScanned, model::trust, model::keep)
        AddScreen(added, error, state.phone.now(), addActions)
        return
    }
    TrustedScreen(trusted, error, state.phone.now(), actions)
    forgetting?.let { ForgetDialog(it, model::forget, model::cancel) }
    trusted?.campaigns?.find { it.key == campaignKey }?.let { campaign ->
        ForgetCampaignDialog(
            campaign,
            onForget = {
                campaignKey = null
                model.forgetCampaign(campaign)
            },
            onCancel = { campaignKey = null },
        )
    }
}
