package org.fieldcast.app.pictures

import androidx.compose.runtime.Composable
import org.fieldcast.app.ui.parts.TypedCode
import org.fieldcast.app.ui.trusted.AddActions
import org.fieldcast.app.ui.trusted.AddScreen
import org.fieldcast.app.ui.trusted.Adding
import org.fieldcast.app.ui.trusted.ForgetCampaignDialog
import org.fieldcast.app.ui.trusted.ForgetDialog
import org.fieldcast.app.ui.trusted.Forgetting
import org.fieldcast.app.ui.trusted.Permission
import org.fieldcast.app.ui.trusted.TrustedActions
import org.fieldcast.app.ui.trusted.TrustedScreen
import org.fieldcast.app.ui.trusted.TrustedUiState
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.TrustedPeer

private const val TODAY = 1_795_702_800_000L

private val phones = listOf("Asha", "Fatou", "Moussa").mapIndexed { index, name ->
    TrustedPeer("$index".repeat(64), name, TODAY - (index + 1) * DAY)
}

private val campaign = TrustedCampaign("c".repeat(64), "SMC Nampula 2026", TODAY - 20 * DAY)

private val permissions = listOf(
    Permission("SMC Nampula 2026", true, true, 0, TODAY + 30 * DAY, false),
    Permission("SMC Nampula 2026", true, false, 3, TODAY - 2 * DAY, true),
    Permission(null, false, true, 1, TODAY + 30 * DAY, false),
)

private fun snapshot(name: String) =
    SnapshotSummary(Dataset("mz", "project-1", name), "SMC Nampula 2026", name, TODAY, 1_000u, 100u, 10_000u, "0".repeat(64))

private val actions = TrustedActions({}, {}, {}, {})
private val adding = AddActions({}, {}, { _, _ -> }, {})
private val full = TrustedUiState(phones, listOf(campaign), permissions)

@Composable
private fun Add(what: Adding) = AddScreen(what, null, TODAY, adding) { TypedCode {} }

val trustedPictures: List<Picture> = listOf(
    Picture("trusted-loading") { TrustedScreen(null, null, TODAY, actions) },
    Picture("trusted-empty") { TrustedScreen(TrustedUiState(emptyList(), emptyList(), emptyList()), null, TODAY, actions) },
    Picture("trusted") { TrustedScreen(full, null, TODAY, actions) },
    Picture("trusted-failed") { TrustedScreen(full, FieldcastException.UnsentEdits(2u, ""), TODAY, actions) },
    Picture("trusted-forget") { ForgetDialog(Forgetting(phones[0], listOf(snapshot("Kibera A"), snapshot("Kibera B"))), {}, {}) },
    Picture("trusted-forget-no-data") { ForgetDialog(Forgetting(phones[1], emptyList()), {}, {}) },
    Picture("trusted-scan") { Add(Adding.Scanning()) },
    Picture("trusted-scan-unknown") { Add(Adding.Scanning(Adding.Problem.UNKNOWN_CAMPAIGN)) },
    Picture("trusted-add-campaign") { Add(Adding.Campaign("c".repeat(64), "SMC Nampula 2026", "lusab-babad")) },
    Picture("trusted-add-permission") { Add(Adding.Permit("", permissions[0])) },
    Picture("trusted-add-list") { Add(Adding.BlockedPhones("", "SMC Nampula 2026", 3, true)) },
    Picture("trusted-forget-campaign") { ForgetCampaignDialog(campaign, {}, {}) },
)
