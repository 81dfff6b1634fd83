package org.fieldcast.app.ui

import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.remember
import androidx.lifecycle.compose.LifecycleStartEffect
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.navigation.NavController
import androidx.navigation.NavHostController
import androidx.navigation.compose.NavHost
import androidx.navigation.compose.composable
import androidx.navigation.compose.rememberNavController
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.ShownScreen
import org.fieldcast.app.ui.download.DownloadRoute
import org.fieldcast.app.ui.download.summary
import org.fieldcast.app.ui.history.HistoryRoute
import org.fieldcast.app.ui.home.HomeActions
import org.fieldcast.app.ui.home.HomeScreen
import org.fieldcast.app.ui.lookup.LookUpRoute
import org.fieldcast.app.ui.receive.ReceiveRoute
import org.fieldcast.app.ui.send.SendRoute
import org.fieldcast.app.ui.settings.SettingsRoute
import org.fieldcast.app.ui.setup.SetupRoute
import org.fieldcast.app.ui.trouble.TroubleRoute
import org.fieldcast.app.ui.trusted.TrustedRoute
import org.fieldcast.app.ui.villages.VillagesRoute

/** The screens, by name. */
enum class Place { HOME, SETUP, VILLAGES, DOWNLOAD, SEND, RECEIVE, LOOK_UP, HISTORY, TRUSTED, TROUBLE, SETTINGS }

/** Leads from screen to screen. */
class Navigator(private val controller: NavHostController) {
    fun open(place: Place) = controller.navigate(place.name) { launchSingleTop = true }

    /** Does not leave the home screen, as a second tap on a screen that is being left would. */
    fun back() {
        if (controller.previousBackStackEntry != null) controller.popBackStack()
    }

    fun home() {
        controller.popBackStack(Place.HOME.name, inclusive = false)
    }

    /** Opens the settings instead of all screens, so that nothing is busy that a setting needs. */
    fun openSettings() {
        home()
        open(Place.SETTINGS)
    }

    /** Opens a screen for a notification: goes back to it if it is open. */
    fun show(place: Place) {
        if (!controller.popBackStack(place.name, inclusive = false)) open(place)
    }

    /** Opens a screen instead of the present one. */
    fun replace(place: Place) = controller.navigate(place.name) {
        controller.currentDestination?.route?.let { popUpTo(it) { inclusive = true } }
        launchSingleTop = true
    }
}

/**
 * All screens. Each route connects one screen with [state], which outlives them. [requests] come from notifications.
 */
@Composable
fun AppNavigation(state: AppState, requests: Flow<Place> = emptyFlow()) {
    val controller = rememberNavController()
    val navigator = Navigator(controller)
    LaunchedEffect(requests) { requests.collect(navigator::show) }
    Report(state.shown, controller)
    NavHost(controller, Place.HOME.name) {
        composable(Place.HOME.name) { HomeRoute(state, navigator) }
        composable(Place.SETUP.name) { SetupRoute(state, navigator) }
        composable(Place.VILLAGES.name) { VillagesRoute(state, navigator) }
        composable(Place.DOWNLOAD.name) { DownloadRoute(state, navigator) }
        composable(Place.SEND.name) { SendRoute(state, navigator) }
        composable(Place.RECEIVE.name) { ReceiveRoute(state, navigator) }
        composable(Place.LOOK_UP.name) { LookUpRoute(state, navigator) }
        composable(Place.HISTORY.name) { HistoryRoute(state, navigator) }
        composable(Place.TRUSTED.name) { TrustedRoute(state, navigator) }
        composable(Place.TROUBLE.name) { TroubleRoute(state, navigator) }
        composable(Place.SETTINGS.name) { SettingsRoute(state, navigator) }
    }
}

/** Tells which screen the user sees. */
@Composable
private fun Report(shown: ShownScreen, controller: NavHostController) {
    DisposableEffect(controller) {
        val report = NavController.OnDestinationChangedListener { _, destination, _ ->
            destination.route?.let { shown.setPlace(Place.valueOf(it)) }
        }
        controller.addOnDestinationChangedListener(report)
        onDispose { controller.removeOnDestinationChangedListener(report) }
    }
    LifecycleStartEffect(shown) {
        shown.setVisible(true)
        onStopOrDispose { shown.setVisible(false) }
    }
}

@Composable
private fun HomeRoute(state: AppState, navigator: Navigator) {
    val engine by state.engine.state.collectAsStateWithLifecycle()
    val stored by state.villages.stored.collectAsStateWithLifecycle()
    val downloads = remember(state) {
        state.download.state.map(::summary).distinctUntilChanged().flowOn(Dispatchers.Default)
    }
    val download by downloads.collectAsStateWithLifecycle(null)
    val actions = HomeActions(
        onDownload = rememberDownloadAction(state, navigator),
        onSend = { navigator.open(Place.SEND) },
        onReceive = { navigator.open(Place.RECEIVE) },
        onLookUp = { navigator.open(Place.LOOK_UP) },
        onHistory = { navigator.open(Place.HISTORY) },
        onTrusted = { navigator.open(Place.TRUSTED) },
        onTrouble = { navigator.open(Place.TROUBLE) },
        onSettings = { navigator.open(Place.SETTINGS) },
        onRetryOpening = { state.engine.open() },
    )
    HomeScreen(engine, stored, state.phone.now(), actions, download)
}
