package org.fieldcast.app.ui.trusted

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.lazy.LazyColumn
import androidx.compose.foundation.lazy.items
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.AlertDialog
import androidx.compose.material3.Checkbox
import androidx.compose.material3.CircularProgressIndicator
import androidx.compose.material3.HorizontalDivider
import androidx.compose.material3.Icon
import androidx.compose.material3.ListItem
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import org.fieldcast.app.R
import org.fieldcast.app.state.name
import org.fieldcast.app.ui.formats
import org.fieldcast.app.ui.parts.Icons
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.OtherButton
import org.fieldcast.app.ui.parts.QuietButton
import org.fieldcast.app.ui.parts.Screen
import org.fieldcast.app.ui.parts.SectionTitle
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.TrustedPeer

/** What the screen of trusted phones can do. */
data class TrustedActions(
    val onBack: () -> Unit,
    val onForgetPhone: (TrustedPeer) -> Unit,
    val onForgetCampaign: (TrustedCampaign) -> Unit,
    /** Adds a campaign, a permission, or a list of blocked phones. */
    val onScan: () -> Unit,
)

/** Whom this phone trusts. [state] is none until it was read; [now] is in milliseconds since 1970. */
@Composable
fun TrustedScreen(state: TrustedUiState?, error: FieldcastException?, now: Long, actions: TrustedActions) =
    Screen(stringResource(R.string.trusted_phones), actions.onBack) { padding ->
        LazyColumn(Modifier.fillMaxSize(), contentPadding = padding) {
            item("top", "top") {
                Column(Modifier.padding(16.dp), Arrangement.spacedBy(12.dp)) {
                    if (error != null) Notice(NoticeKind.PROBLEM, error.text())
                    when {
                        state == null -> CircularProgressIndicator()
                        state.phones.isEmpty() -> Text(stringResource(R.string.trusted_none))
                        else -> Text(stringResource(R.string.trusted_explained))
                    }
                    OtherButton(stringResource(R.string.trusted_scan), actions.onScan, icon = Icons.QrCode)
                }
            }
            if (state == null) return@LazyColumn
            items(state.phones, { it.fingerprint }, { "phone" }) { PhoneRow(it, now, actions.onForgetPhone) }
            if (state.campaigns.isNotEmpty()) {
                item("campaigns", "title") { SectionTitle(stringResource(R.string.trusted_campaigns)) }
                items(state.campaigns, { it.key }, { "campaign" }) { CampaignRow(it, now, actions.onForgetCampaign) }
            }
            if (state.permissions.isNotEmpty()) {
                item("permissions", "title") { SectionTitle(stringResource(R.string.trusted_permissions)) }
                items(state.permissions.size, contentType = { "permission" }) { index ->
                    PermissionRow(state.permissions[index], now)
                }
            }
        }
    }

@Composable
private fun PhoneRow(phone: TrustedPeer, now: Long, onForget: (TrustedPeer) -> Unit) {
    ListItem(
        headlineContent = { Text(phone.name) },
        supportingContent = { SinceAndForget(phone.name, phone.since, now) { onForget(phone) } },
        leadingContent = { Icon(Icons.Phone, null) },
    )
    HorizontalDivider()
}

@Composable
private fun CampaignRow(campaign: TrustedCampaign, now: Long, onForget: (TrustedCampaign) -> Unit) {
    ListItem(
        headlineContent = { Text(campaign.name) },
        supportingContent = { SinceAndForget(campaign.name, campaign.since, now) { onForget(campaign) } },
        leadingContent = { Icon(Icons.Trust, null) },
    )
    HorizontalDivider()
}

/** The button is below the text, so that both fit at twice the text size. */
@Composable
private fun SinceAndForget(name: String, since: Long, now: Long, onForget: () -> Unit) = Column {
    Text(stringResource(R.string.trusted_since, formats().moment(since, now)))
    val label = stringResource(R.string.trusted_forget_named, name)
    QuietButton(stringResource(R.string.trusted_forget), onForget, Modifier.semantics { contentDescription = label })
}

/** Says in plain words what a campaign allows this phone. */
@Composable
internal fun PermissionRow(permission: Permission, now: Long) {
    val what = when {
        permission.maySend && permission.mayReceive -> R.string.trusted_may_both
        permission.maySend -> R.string.trusted_may_send
        else -> R.string.trusted_may_receive
    }
    val until = if (permission.isExpired) R.string.trusted_expired else R.string.trusted_until
    ListItem(
        headlineContent = { Text(stringResource(what)) },
        supportingContent = {
            Column {
                Text(permission.campaign ?: stringResource(R.string.trusted_unknown_campaign))
                if (permission.areas > 0) {
                    Text(plural(R.plurals.trusted_areas, permission.areas.toLong()))
                } else {
                    Text(stringResource(R.string.trusted_all_areas))
                }
                Text(stringResource(until, formats().moment(permission.expires, now)))
            }
        },
        leadingContent = { Icon(if (permission.isExpired) Icons.Warning else Icons.Done, null) },
    )
    HorizontalDivider()
}

/** Asks whether to forget a phone, and whether to remove what came from it. */
@Composable
fun ForgetDialog(forgetting: Forgetting, onForget: (withData: Boolean) -> Unit, onCancel: () -> Unit) {
    var withData by rememberSaveable { mutableStateOf(false) }
    val data = forgetting.data.orEmpty()
    AlertDialog(
        onCancel,
        confirmButton = { QuietButton(stringResource(R.string.trusted_forget), { onForget(withData) }) },
        dismissButton = { QuietButton(stringResource(R.string.cancel), onCancel) },
        title = { Text(stringResource(R.string.trusted_forget_title, forgetting.phone.name)) },
        text = {
            Column(Modifier.verticalScroll(rememberScrollState()), Arrangement.spacedBy(12.dp)) {
                Text(stringResource(R.string.trusted_forget_explained))
                if (data.isNotEmpty()) {
                    RemoveData(withData, data.size) { withData = it }
                    val separator = stringResource(R.string.trusted_separator)
                    Text(data.joinToString(separator) { it.name })
                }
            }
        },
    )
}

@Composable
private fun RemoveData(isChosen: Boolean, villages: Int, onChange: (Boolean) -> Unit) = Row(
    Modifier.fillMaxWidth().heightIn(min = 48.dp).toggleable(isChosen, role = Role.Checkbox, onValueChange = onChange),
    Arrangement.spacedBy(12.dp),
    Alignment.CenterVertically,
) {
    Checkbox(isChosen, null)
    Text(plural(R.plurals.trusted_remove_data, villages.toLong()), Modifier.weight(1f))
}

/** Asks whether to forget a campaign. */
@Composable
fun ForgetCampaignDialog(campaign: TrustedCampaign, onForget: () -> Unit, onCancel: () -> Unit) = AlertDialog(
    onCancel,
    confirmButton = { QuietButton(stringResource(R.string.trusted_forget), onForget) },
    dismissButton = { QuietButton(stringResource(R.string.cancel), onCancel) },
    title = { Text(stringResource(R.string.trusted_forget_title, campaign.name)) },
    text = { Text(stringResource(R.string.trusted_forget_campaign_explained)) },
)
