package org.fieldcast.app.ui.trusted

import androidx.annotation.StringRes
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import org.fieldcast.app.R
import org.fieldcast.app.ui.parts.MainButton
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.QrScanner
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException

/** What the user can do while adding a code of a campaign office. */
data class AddActions(
    val onBack: () -> Unit,
    val onScanned: (String) -> Unit,
    val onTrust: (campaign: Adding.Campaign, name: String) -> Unit,
    /** Stores a statement of a campaign. */
    val onKeep: (Adding) -> Unit,
)

/** Reads a code of a campaign office, and says what it means before it is stored. [scanner] reads a code. */
@Composable
fun AddScreen(
    adding: Adding,
    error: FieldcastException?,
    now: Long,
    actions: AddActions,
    scanner: @Composable () -> Unit = { QrScanner(actions.onScanned) },
) = ScrollingScreen(stringResource(R.string.trusted_scan), actions.onBack) {
    if (error != null) Notice(NoticeKind.PROBLEM, error.text())
    when (adding) {
        is Adding.Scanning -> {
            if (adding.problem != null) Notice(NoticeKind.PROBLEM, stringResource(adding.problem.text))
            Text(stringResource(R.string.trusted_scan_explained))
            scanner()
        }
        is Adding.Campaign -> Campaign(adding, actions)
        is Adding.Permit -> {
            Question(R.string.trusted_add_permission)
            PermissionRow(adding.permission, now)
            Decide(R.string.trusted_save, { actions.onKeep(adding) }, actions.onBack)
        }
        is Adding.BlockedPhones -> {
            Question(R.string.trusted_add_list)
            Text(adding.campaign)
            if (adding.isThisPhoneBlocked) {
                Notice(NoticeKind.PROBLEM, stringResource(R.string.trusted_blocked_this))
            }
            Text(plural(R.plurals.trusted_blocked, adding.phones.toLong()))
            Decide(R.string.trusted_save, { actions.onKeep(adding) }, actions.onBack)
        }
    }
}

@Composable
private fun Campaign(campaign: Adding.Campaign, actions: AddActions) {
    var name by rememberSaveable(campaign) { mutableStateOf(campaign.name) }
    val label = stringResource(R.string.trusted_campaign_name)
    Question(R.string.trusted_add_campaign)
    Text(stringResource(R.string.trusted_campaign_key, campaign.words))
    Text(stringResource(R.string.trusted_add_campaign_explained))
    OutlinedTextField(name, { name = it }, Modifier.fillMaxWidth(), label = { Text(label) }, singleLine = true)
    val onTrust = { actions.onTrust(campaign, name.trim()) }
    Decide(R.string.trusted_trust_campaign, onTrust, actions.onBack, name.isNotBlank())
}

@Composable
private fun Question(@StringRes text: Int) =
    Text(stringResource(text), Modifier.semantics { heading() }, style = MaterialTheme.typography.titleLarge)

@Composable
private fun Decide(@StringRes text: Int, onYes: () -> Unit, onNo: () -> Unit, isEnabled: Boolean = true) {
    MainButton(stringResource(text), onYes, Modifier.fillMaxWidth(), isEnabled = isEnabled)
    OtherButton(stringResource(R.string.cancel), onNo, Modifier.fillMaxWidth())
}

@get:StringRes
private val Adding.Problem.text: Int
    get() = when (this) {
        Adding.Problem.UNREADABLE -> R.string.trusted_scan_unreadable
        Adding.Problem.FORGED -> R.string.trusted_scan_forged
        Adding.Problem.UNKNOWN_CAMPAIGN -> R.string.trusted_scan_unknown
        Adding.Problem.OTHER_PHONE -> R.string.trusted_scan_other_phone
        Adding.Problem.EXPIRED -> R.string.trusted_scan_expired
        Adding.Problem.OUTDATED -> R.string.trusted_scan_outdated
    }
