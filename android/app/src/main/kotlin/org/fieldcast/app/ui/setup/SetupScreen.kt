package org.fieldcast.app.ui.setup

import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.ColumnScope
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.text.KeyboardActions
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.ListItem
import androidx.compose.material3.LocalTextStyle
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.autofill.ContentType
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.contentType
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.input.ImeAction
import androidx.compose.ui.text.input.KeyboardCapitalization
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.text.input.PasswordVisualTransformation
import androidx.compose.ui.text.input.VisualTransformation
import androidx.compose.ui.text.style.TextDirection
import org.fieldcast.app.R
import org.fieldcast.app.state.villages
import org.fieldcast.app.ui.parts.Busy
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.QrScanner
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.Project

/** Connects this phone with a campaign server, page by page. */
@Composable
fun SetupScreen(state: SetupUiState, actions: SetupActions) = when (state.page) {
    SetupPage.SCAN -> ScanPage(state, actions)
    SetupPage.START -> Page(R.string.setup_title, actions) { StartPage(state, actions) }
    SetupPage.SERVER -> Page(R.string.setup_server_title, actions) { ServerPage(state, actions) }
    SetupPage.LOGIN -> Page(R.string.setup_login_title, actions) { LoginPage(state, actions) }
    SetupPage.PROJECT -> Page(R.string.setup_project_title, actions) { ProjectPage(state, actions) }
    SetupPage.PRACTICE -> Page(R.string.setup_practice_title, actions) { PracticePage(state, actions) }
}

@Composable
private fun Page(title: Int, actions: SetupActions, content: @Composable ColumnScope.() -> Unit) =
    ScrollingScreen(stringResource(title), actions.onBack, content = content)

@Composable
private fun StartPage(state: SetupUiState, actions: SetupActions) {
    Text(stringResource(R.string.setup_explained))
    Failure(state)
    MainButton(stringResource(R.string.setup_scan), actions.onScan, Modifier.fillMaxWidth(), Icons.QrCode)
    OtherButton(stringResource(R.string.setup_type), actions.onTypeServer, Modifier.fillMaxWidth())
    if (state.canPractise) {
        HorizontalDivider()
        Text(stringResource(R.string.setup_practise_explained))
        val practise = stringResource(R.string.setup_practise)
        OtherButton(practise, actions.onPractise, Modifier.fillMaxWidth(), Icons.Phones, isEnabled = !state.isBusy)
        if (state.isBusy) Busy(stringResource(R.string.setup_busy))
    }
}

@Composable
private fun ScanPage(state: SetupUiState, actions: SetupActions) =
    ScrollingScreen(stringResource(R.string.setup_scan_title), actions.onBack) {
        if (state.isCodeUnknown) {
            Notice(NoticeKind.PROBLEM, stringResource(R.string.setup_code_unknown))
        } else {
            Text(stringResource(R.string.setup_scan_explained))
        }
        QrScanner(actions.onScanned)
        OtherButton(stringResource(R.string.setup_type), actions.onTypeServer, Modifier.fillMaxWidth())
    }

@Composable
private fun ServerPage(state: SetupUiState, actions: SetupActions) {
    val problem = when (state.serverProblem) {
        ServerAddress.Empty -> R.string.setup_server_empty
        ServerAddress.NotAnAddress -> R.string.setup_server_wrong
        ServerAddress.NotSecure -> R.string.setup_server_not_secure
        is ServerAddress.Good, null -> null
    }
    Field(
        state.server,
        actions.onServer,
        R.string.setup_server,
        keyboard(KeyboardType.Uri, ImeAction.Next),
        direction = TextDirection.Ltr,
        hint = problem ?: R.string.setup_server_hint,
        isWrong = problem != null,
    )
    Field(
        state.tenant,
        actions.onTenant,
        R.string.setup_tenant,
        keyboard(KeyboardType.Ascii, ImeAction.Done),
        KeyboardActions(onDone = { actions.onServerDone() }),
        direction = TextDirection.Ltr,
        hint = if (state.isTenantMissing) R.string.setup_tenant_empty else R.string.setup_tenant_hint,
        isWrong = state.isTenantMissing,
    )
    MainButton(stringResource(R.string.setup_next), actions.onServerDone, Modifier.fillMaxWidth())
}

@Composable
private fun LoginPage(state: SetupUiState, actions: SetupActions) {
    Text(stringResource(R.string.setup_login_at, state.server))
    state.campaign?.let { campaign ->
        val name = campaign.name ?: state.tenant
        Notice(NoticeKind.INFO, stringResource(R.string.setup_trusts_campaign, name)) {
            Text(stringResource(R.string.trusted_campaign_key, campaign.words))
            OtherButton(stringResource(R.string.setup_forget_campaign), actions.onForgetCampaign)
        }
    }
    Field(
        state.user,
        actions.onUser,
        R.string.setup_user,
        keyboard(KeyboardType.Text, ImeAction.Next),
        modifier = Modifier.semantics { contentType = ContentType.Username },
    )
    PasswordField(state, actions)
    Failure(state)
    val logIn = stringResource(R.string.setup_login)
    MainButton(logIn, actions.onLogIn, Modifier.fillMaxWidth(), isEnabled = state.canLogIn)
    if (state.isBusy) Busy(stringResource(R.string.setup_busy))
    QuietButton(stringResource(R.string.setup_other_server), actions.onOtherServer)
}

@Composable
private fun PasswordField(state: SetupUiState, actions: SetupActions) {
    var isVisible by rememberSaveable { mutableStateOf(false) }
    Field(
        state.password,
        actions.onPassword,
        R.string.setup_password,
        keyboard(KeyboardType.Password, ImeAction.Done),
        KeyboardActions(onDone = { if (state.canLogIn) actions.onLogIn() }),
        if (isVisible) VisualTransformation.None else PasswordVisualTransformation(),
        Modifier.semantics { contentType = ContentType.Password },
    )
    // Below the field and as a text, because an icon inside is too small at large text sizes.
    val toggle = if (isVisible) R.string.setup_hide_password else R.string.setup_show_password
    QuietButton(stringResource(toggle), { isVisible = !isVisible })
}

/** What the user types here is not a sentence. */
private fun keyboard(type: KeyboardType, action: ImeAction) =
    KeyboardOptions(KeyboardCapitalization.None, autoCorrectEnabled = false, type, action)

@Composable
private fun Field(
    value: String,
    onValue: (String) -> Unit,
    label: Int,
    keyboard: KeyboardOptions,
    keyboardActions: KeyboardActions = KeyboardActions.Default,
    shown: VisualTransformation = VisualTransformation.None,
    modifier: Modifier = Modifier,
    hint: Int? = null,
    isWrong: Boolean = false,
    /** Of the value; label and hint have the direction of their language. */
    direction: TextDirection = TextDirection.Unspecified,
) = OutlinedTextField(
    value = value,
    onValueChange = onValue,
    modifier = modifier.fillMaxWidth(),
    textStyle = LocalTextStyle.current.copy(textDirection = direction),
    label = { Text(stringResource(label)) },
    supportingText = hint?.let { { Text(stringResource(it)) } },
    isError = isWrong,
    visualTransformation = shown,
    keyboardOptions = keyboard,
    keyboardActions = keyboardActions,
    singleLine = true,
)

@Composable
private fun ProjectPage(state: SetupUiState, actions: SetupActions) {
    val projects = state.projects
    when {
        state.error != null -> Notice(NoticeKind.PROBLEM, state.error.text()) {
            OtherButton(stringResource(R.string.try_again), actions.onRetryProjects, isEnabled = !state.isBusy)
        }
        projects == null || state.isBusy -> Busy(stringResource(R.string.setup_busy))
        projects.isEmpty() -> Notice(NoticeKind.PROBLEM, stringResource(R.string.setup_no_project)) {
            OtherButton(stringResource(R.string.try_again), actions.onRetryProjects)
        }
        else -> {
            Text(stringResource(R.string.setup_project_explained))
            Column {
                projects.forEach { project ->
                    ProjectRow(project) { actions.onProject(project) }
                    HorizontalDivider()
                }
            }
        }
    }
    QuietButton(stringResource(R.string.setup_other_server), actions.onOtherServer)
}

@Composable
private fun ProjectRow(project: Project, onClick: () -> Unit) = ListItem(
    headlineContent = { Text(project.name.ifEmpty { project.id }) },
    supportingContent = { if (project.projectType.isNotEmpty()) Text(project.projectType) },
    trailingContent = { Icon(Icons.Forward, null) },
    modifier = Modifier.clickable(onClick = onClick),
)

@Composable
private fun PracticePage(state: SetupUiState, actions: SetupActions) {
    val snapshots = state.practice?.villages.orEmpty()
    Notice(NoticeKind.SUCCESS, stringResource(R.string.setup_practice_done))
    Text(plural(R.plurals.villages, snapshots.size.toLong()))
    Text(plural(R.plurals.households, snapshots.sumOf { it.households }))
    MainButton(stringResource(R.string.go_home), actions.onHome, Modifier.fillMaxWidth())
}

@Composable
private fun Failure(state: SetupUiState) {
    val error = state.error ?: return
    Notice(NoticeKind.PROBLEM, error.text())
}
