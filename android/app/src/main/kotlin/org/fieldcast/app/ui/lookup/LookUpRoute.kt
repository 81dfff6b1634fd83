package org.fieldcast.app.ui.lookup

import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.parts.ScrollingScreen

@Composable
fun LookUpRoute(state: AppState, navigator: Navigator) =
    ScrollingScreen("LookUp", navigator::back) { Text(state.phone.now().toString()) }
