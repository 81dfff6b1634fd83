package org.fieldcast.app.ui.history

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.runtime.setValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator

/** Shows past exchanges. */
@Composable
fun HistoryRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { HistoryViewModel(state) }
    val history by model.state.collectAsStateWithLifecycle()
    val error by model.error.collectAsStateWithLifecycle()
    var opened by rememberSaveable { mutableStateOf<String?>(null) }
    val row = history?.exchanges?.find { it.id == opened }
    val now = state.phone.now()
    BackHandler(row != null) { opened = null }
    val holder = rememberSaveableStateHolder()
    if (row == null) {
        holder.SaveableStateProvider("list") {
            HistoryScreen(history, error, now, onOpen = { opened = it.id }, onBack = navigator::back)
        }
    } else {
        ExchangeScreen(row, now, onBack = { opened = null })
    }
}
