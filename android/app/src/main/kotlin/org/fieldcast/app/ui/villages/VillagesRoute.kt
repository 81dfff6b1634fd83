package org.fieldcast.app.ui.villages

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place

/** Connects the screen for choosing villages with the app. */
@Composable
fun VillagesRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { VillagesViewModel(state, createSavedStateHandle()) }
    val now by model.state.collectAsStateWithLifecycle()
    val exit by model.exit.collectAsStateWithLifecycle()
    LaunchedEffect(exit) {
        val place = if ((exit ?: return@LaunchedEffect) == VillagesExit.SETUP) Place.SETUP else Place.DOWNLOAD
        model.left()
        navigator.replace(place)
    }
    BackHandler(now.search.isNotEmpty() || now.canGoUp) { model.back() }
    val actions = remember(model, navigator) {
        VillagesActions(
            onBack = { if (!model.back()) navigator.back() },
            onSearch = model::search,
            onOpen = model::open,
            onSelect = model::select,
            onRetry = model::load,
            onOtherProject = { navigator.replace(Place.SETUP) },
            onDownload = model::download,
        )
    }
    VillagesScreen(now, state.phone.now(), actions)
}
