package org.fieldcast.app.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.runtime.rememberCoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.download.summary

/**
 * Returns an action that leads to the present download, or to where one begins. It waits until that is known, unless
 * the user leaves the screen.
 */
@Composable
fun rememberDownloadAction(state: AppState, navigator: Navigator): () -> Unit {
    val scope = rememberCoroutineScope()
    return remember(state, navigator) { { scope.launch { navigator.open(downloadPlace(state)) } } }
}

private suspend fun downloadPlace(state: AppState): Place = withContext(Dispatchers.Default) {
    when {
        summary(state.download.loadedState()) != null -> Place.DOWNLOAD
        (state.villages.stored.value?.account ?: state.engine.account()) != null -> Place.VILLAGES
        else -> Place.SETUP
    }
}
