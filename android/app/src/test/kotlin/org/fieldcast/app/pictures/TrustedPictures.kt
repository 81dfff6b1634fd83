package org.fieldcast.app.pictures

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

private val actions = TrustedActions({}, {}, {})
private val full = TrustedUiState(phones, listOf(campaign), permissions)

val trustedPictures: List<Picture> = listOf(
    Picture("trusted-loading") { TrustedScreen(null, null, TODAY, actions) },
    Picture("trusted-empty") { TrustedScreen(TrustedUiState(emptyList(), emptyList(), emptyList()), null, TODAY, actions) },
    Picture("trusted") { TrustedScreen(full, null, TODAY, actions) },
    Picture("trusted-failed") { TrustedScreen(full, FieldcastException.UnsentEdits(2u, ""), TODAY, actions) },
    Picture("trusted-forget") { ForgetDialog(Forgetting(phones[0], listOf(snapshot("Kibera A"), snapshot("Kibera B"))), {}, {}) },
    Picture("trusted-forget-no-data") { ForgetDialog(Forgetting(phones[1], emptyList()), {}, {}) },
    Picture("trusted-forget-campaign") { ForgetCampaignDialog(campaign, {}, {}) },
)
