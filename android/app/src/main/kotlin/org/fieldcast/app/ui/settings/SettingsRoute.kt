package org.fieldcast.app.ui.settings

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.R
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.key
import org.fieldcast.app.ui.Navigator
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.parts.openSystemPage
import org.fieldcast.app.ui.trouble.SystemSettings

/** The pages of this screen. */
private enum class Page { SETTINGS, NAME, VILLAGES, LICENCES }

/** What the user is asked before it happens. Two of them are about one village. */
private enum class Ask { NOTHING, LOG_OUT, IDENTITY, UNDO, REMOVE }

/** Shows the settings. */
@Composable
fun SettingsRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { SettingsViewModel(state) }
    val settings by model.state.collectAsStateWithLifecycle()
    val error by model.error.collectAsStateWithLifecycle()
    val unsent by model.unsentEdits.collectAsStateWithLifecycle()
    val libraries by model.libraries.collectAsStateWithLifecycle()
    val context = LocalContext.current
    var page by rememberSaveable { mutableStateOf(Page.SETTINGS) }
    var ask by rememberSaveable { mutableStateOf(Ask.NOTHING) }
    var village by rememberSaveable { mutableStateOf<String?>(null) }
    val asked = settings?.villages?.find { it.dataset.key == village }
    BackHandler(page != Page.SETTINGS) { page = Page.SETTINGS }
    fun about(subject: VillageData, question: Ask) {
        village = subject.dataset.key
        ask = question
    }
    when (page) {
        Page.SETTINGS -> SettingsScreen(
            settings,
            error,
            SettingsActions(
                onBack = navigator::back,
                onRename = { page = Page.NAME },
                onLogIn = { navigator.open(Place.SETUP) },
                onLogOut = { ask = Ask.LOG_OUT },
                onVillages = { page = Page.VILLAGES },
                onNewIdentity = { ask = Ask.IDENTITY },
                onRetryOpening = { state.engine.open() },
                onLanguage = { SystemSettings.language(context)?.let(context::openSystemPage) },
                onLicences = { page = Page.LICENCES },
            ),
        )
        Page.NAME -> RenameScreen(
            settings?.deviceName.orEmpty(),
            onRename = {
                page = Page.SETTINGS
                model.rename(it)
            },
            onBack = { page = Page.SETTINGS },
        )
        Page.VILLAGES -> StoredVillagesScreen(
            settings?.villages.orEmpty(),
            unsent,
            error,
            state.phone.now(),
            StoredVillagesActions(
                onBack = { page = Page.SETTINGS },
                onUndo = { about(it, Ask.UNDO) },
                onRemove = { about(it, Ask.REMOVE) },
            ),
        )
        Page.LICENCES -> LicencesScreen(libraries, onBack = { page = Page.SETTINGS })
    }
    Question(ask, asked, model) { ask = Ask.NOTHING }
}

@Composable
private fun Question(ask: Ask, village: VillageData?, model: SettingsViewModel, onClose: () -> Unit) {
    @Composable
    fun confirm(title: String, text: Int, action: Int, onConfirm: () -> Unit) =
        ConfirmDialog(
            title,
            stringResource(text),
            stringResource(action),
            onConfirm = {
                onClose()
                onConfirm()
            },
            onCancel = onClose,
        )
    when (ask) {
        Ask.NOTHING -> Unit
        Ask.LOG_OUT -> confirm(
            stringResource(R.string.settings_log_out_title),
            R.string.settings_log_out_explained,
            R.string.settings_log_out,
        ) { model.logOut() }
        Ask.IDENTITY -> confirm(
            stringResource(R.string.settings_identity_title),
            R.string.settings_identity_warning,
            R.string.settings_identity_new,
        ) { model.makeNewIdentity() }
        Ask.UNDO -> if (village != null) {
            val title = stringResource(R.string.settings_undo_title, village.name)
            confirm(title, R.string.settings_undo_explained, R.string.settings_undo) { model.undo(village.dataset) }
        }
        Ask.REMOVE -> if (village != null) {
            val title = stringResource(R.string.settings_remove_title, village.name)
            confirm(title, R.string.settings_remove_explained, R.string.settings_remove) {
                model.remove(village.dataset)
            }
        }
    }
}
