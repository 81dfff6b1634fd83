package org.fieldcast.app.ui.trusted

import org.fieldcast.app.ui.setup.PUBLIC_KEY
import org.fieldcast.app.ui.setup.parseProfile
import org.fieldcast.sdk.core.CampaignStatement
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Grant
import org.fieldcast.sdk.core.Revocations
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.fingerprintWords
import org.fieldcast.sdk.core.readStatement

/** How far the user is in adding what a campaign office has given as a code. */
sealed interface Adding {
    /** [problem] is why the last code cannot be added. */
    data class Scanning(val problem: Problem? = null) : Adding

    /** A campaign to trust. [name] is the office's; empty if the code has none. */
    data class Campaign(val key: String, val name: String, /** The key in words. */ val words: String) : Adding

    data class Permit(val statement: String, val permission: Permission) : Adding

    /** A list of blocked phones. */
    data class BlockedPhones(
        val statement: String,
        val campaign: String,
        val phones: Int,
        val isThisPhoneBlocked: Boolean,
    ) : Adding

    enum class Problem { UNREADABLE, FORGED, UNKNOWN_CAMPAIGN, OTHER_PHONE, EXPIRED, OUTDATED }
}

/** What this phone must know to read a code: its fingerprint, and the time in milliseconds since 1970. */
data class Reader(val own: String, val campaigns: List<TrustedCampaign>, val now: Long)

/** Reads a code of a campaign office. Not for the main thread. */
fun read(code: String, reader: Reader): Adding {
    val text = code.trim()
    if (text.matches(PUBLIC_KEY)) return Adding.Campaign(text.lowercase(), "", fingerprintWords(text))
    parseProfile(text, isHttpAllowed = true)?.let { profile ->
        val key = profile.campaignKey ?: return Adding.Scanning(Adding.Problem.UNREADABLE)
        return Adding.Campaign(key.lowercase(), profile.campaignName.orEmpty(), fingerprintWords(key))
    }
    return try {
        describe(text, readStatement(text), reader)
    } catch (_: FieldcastException.NotTrusted) {
        Adding.Scanning(Adding.Problem.FORGED)
    } catch (_: FieldcastException.Unreadable) {
        Adding.Scanning(Adding.Problem.UNREADABLE)
    }
}

/** Says what a statement means for this phone. */
internal fun describe(text: String, statement: CampaignStatement, reader: Reader): Adding = when (statement) {
    is CampaignStatement.Granted -> permit(text, statement.grant, reader)
    is CampaignStatement.Revoked -> blocked(text, statement.revocations, reader)
}

private fun permit(text: String, grant: Grant, reader: Reader): Adding {
    val permission = permission(grant, reader.campaigns, reader.now)
    return when {
        permission.campaign == null -> Adding.Scanning(Adding.Problem.UNKNOWN_CAMPAIGN)
        grant.device != reader.own -> Adding.Scanning(Adding.Problem.OTHER_PHONE)
        permission.isExpired -> Adding.Scanning(Adding.Problem.EXPIRED)
        else -> Adding.Permit(text, permission)
    }
}

private fun blocked(text: String, list: Revocations, reader: Reader): Adding {
    val campaign = reader.campaigns.find { it.key == list.authority }
        ?: return Adding.Scanning(Adding.Problem.UNKNOWN_CAMPAIGN)
    return Adding.BlockedPhones(text, campaign.name, list.devices.size, reader.own in list.devices)
}
