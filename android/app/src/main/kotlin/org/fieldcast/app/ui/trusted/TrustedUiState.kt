package org.fieldcast.app.ui.trusted

import org.fieldcast.sdk.core.CampaignStatement
import org.fieldcast.sdk.core.Grant
import org.fieldcast.sdk.core.Role
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.TrustedPeer

/** Phones, campaigns and permissions. */
data class TrustedUiState(
    val phones: List<TrustedPeer>,
    val campaigns: List<TrustedCampaign>,
    val permissions: List<Permission>,
)

/** What the campaign allows this phone. */
data class Permission(
    /** Name of the campaign on this phone; none if it is not trusted anymore. */
    val campaign: String?,
    val maySend: Boolean,
    val mayReceive: Boolean,
    /** Number of villages or areas for which it is valid; 0 for all. */
    val areas: Int,
    /** Milliseconds since 1970. */
    val expires: Long,
    val isExpired: Boolean,
)

/** A phone that the user wants to forget, and the data that came from it. */
data class Forgetting(val phone: TrustedPeer, /** None until it is known. */ val data: List<SnapshotSummary>?)

/** Derives the screen. [statements] are the ones that can be read; [now] is in milliseconds since 1970. */
fun uiState(
    phones: List<TrustedPeer>,
    campaigns: List<TrustedCampaign>,
    statements: List<CampaignStatement>,
    now: Long,
) = TrustedUiState(
    phones.sortedBy { it.name.lowercase() },
    campaigns,
    statements.filterIsInstance<CampaignStatement.Granted>().map { permission(it.grant, campaigns, now) },
)

internal fun permission(grant: Grant, campaigns: List<TrustedCampaign>, now: Long) = Permission(
    campaigns.find { it.key == grant.authority }?.name,
    maySend = grant.role != Role.RECEIVER, // without a role, both
    mayReceive = grant.role != Role.DISTRIBUTOR,
    areas = grant.boundaries.size,
    expires = grant.expires,
    isExpired = grant.expires <= now,
)
