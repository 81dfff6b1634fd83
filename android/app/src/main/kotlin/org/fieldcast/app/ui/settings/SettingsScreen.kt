package org.fieldcast.app.ui.settings

import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.parts.TitledCard
import org.fieldcast.app.ui.text
import org.fieldcast.app.ui.trouble.PROTOCOL_VERSION
import org.fieldcast.sdk.core.FieldcastException

/** What the settings can do. */
data class SettingsActions(
    val onBack: () -> Unit,
    val onRename: () -> Unit,
    val onLogIn: () -> Unit,
    val onLogOut: () -> Unit,
    val onVillages: () -> Unit,
    val onNewIdentity: () -> Unit,
    val onRetryOpening: () -> Unit,
    val onLanguage: () -> Unit,
    val onLicences: () -> Unit,
)

/** The settings. [state] is none until they are known. */
@Composable
fun SettingsScreen(state: SettingsUiState?, error: FieldcastException?, actions: SettingsActions) =
    ScrollingScreen(stringResource(R.string.settings), actions.onBack) {
        if (state == null) return@ScrollingScreen
        if (error != null) Notice(NoticeKind.PROBLEM, error.text())
        state.engineError?.let { reason ->
            Notice(NoticeKind.PROBLEM, reason.text()) {
                OtherButton(stringResource(R.string.try_again), actions.onRetryOpening)
            }
        }
        if (state.isOpening) Progress(null, stringResource(R.string.settings_opening))
        if (!state.isIdle) Notice(NoticeKind.INFO, stringResource(R.string.settings_busy))
        state.deviceName?.let { name ->
            TitledCard(stringResource(R.string.settings_name), icon = Icons.Phone) {
                Text(name)
                Text(stringResource(R.string.settings_name_explained))
                OtherButton(stringResource(R.string.settings_rename), actions.onRename, isEnabled = state.isIdle)
            }
            AccountCard(state, actions)
            StorageCard(state, actions)
        }
        if (state.hasLanguagePage) {
            TitledCard(stringResource(R.string.settings_language)) {
                OtherButton(stringResource(R.string.settings_language_change), actions.onLanguage)
            }
        }
        TitledCard(stringResource(R.string.settings_identity), icon = Icons.Trust) {
            Text(stringResource(R.string.settings_identity_explained))
            val mayReplace = state.engineError != null || (state.deviceName != null && state.isIdle)
            OtherButton(stringResource(R.string.settings_identity_new), actions.onNewIdentity, isEnabled = mayReplace)
        }
        TitledCard(stringResource(R.string.settings_about), icon = Icons.Info) {
            Text(stringResource(R.string.settings_version, state.appVersion))
            Text(stringResource(R.string.settings_protocol, formats().count(PROTOCOL_VERSION.toLong())))
            OtherButton(stringResource(R.string.settings_licences), actions.onLicences)
        }
    }

@Composable
private fun AccountCard(state: SettingsUiState, actions: SettingsActions) =
    TitledCard(stringResource(R.string.settings_account), icon = Icons.Person) {
        val account = state.account
        if (account == null) {
            Text(stringResource(R.string.settings_no_account))
            OtherButton(stringResource(R.string.settings_log_in), actions.onLogIn)
        } else {
            Text(stringResource(R.string.settings_user, account.name))
            Text(stringResource(R.string.settings_server, account.server))
            OtherButton(stringResource(R.string.settings_log_out), actions.onLogOut)
        }
    }

@Composable
private fun StorageCard(state: SettingsUiState, actions: SettingsActions) =
    TitledCard(stringResource(R.string.settings_storage), icon = Icons.Villages) {
        state.storage?.let { storage ->
            Text(stringResource(R.string.settings_used, formats().bytes(storage.used)))
            Text(stringResource(R.string.settings_free, formats().bytes(storage.free)))
        }
        val hasVillages = state.villages.isNotEmpty()
        OtherButton(stringResource(R.string.settings_villages), actions.onVillages, isEnabled = hasVillages)
    }

/** Asks for the name of this phone. A page, because a dialog with a keyboard is too small for large fonts. */
@Composable
fun RenameScreen(name: String, onRename: (String) -> Unit, onBack: () -> Unit) =
    ScrollingScreen(stringResource(R.string.settings_name), onBack) {
        var typed by rememberSaveable { mutableStateOf(name) }
        Text(stringResource(R.string.settings_name_explained))
        OutlinedTextField(
            typed,
            { typed = it.take(NAME_LENGTH) },
            Modifier.fillMaxWidth(),
            label = { Text(stringResource(R.string.settings_name)) },
            singleLine = true,
        )
        MainButton(stringResource(R.string.settings_save), { onRename(typed) }, isEnabled = typed.isNotBlank())
    }

/** Asks before something that cannot be taken back. */
@Composable
fun ConfirmDialog(
    title: String,
    text: String,
    action: String,
    onConfirm: () -> Unit,
    onCancel: () -> Unit,
) = AlertDialog(
    onCancel,
    confirmButton = { QuietButton(action, onConfirm) },
    dismissButton = { QuietButton(stringResource(R.string.cancel), onCancel) },
    title = { Text(title) },
    text = { Text(text, Modifier.verticalScroll(rememberScrollState())) },
)

/** The longest name that the engine stores. */
private const val NAME_LENGTH = 40
