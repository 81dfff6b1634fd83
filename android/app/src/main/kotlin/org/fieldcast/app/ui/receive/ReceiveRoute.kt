package org.fieldcast.app.ui.receive

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.parts.ScrollingScreen

@Composable
fun ReceiveRoute(state: AppState, navigator: Navigator) =
    ScrollingScreen("Receive", navigator::back) { Text(state.phone.now().toString()) }
