package org.fieldcast.app.ui.trusted

import org.fieldcast.sdk.core.CampaignStatement
import org.fieldcast.sdk.core.Grant
import org.fieldcast.sdk.core.Revocations
import org.fieldcast.sdk.core.Role
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.TrustedPeer
import org.junit.Assert.assertEquals
import org.junit.Test

class TrustedTest {
    private fun grant(role: Role?, expires: Long, authority: String = "key") = CampaignStatement.Granted(
        Grant(authority, "device", "Asha", role, "mz", null, listOf("a", "b"), expires),
    )

    @Test
    fun `says what the campaign allows, and whether it still does`() {
        val statements = listOf(
            grant(null, 11),
            grant(Role.DISTRIBUTOR, 10),
            grant(Role.RECEIVER, 11, "other"),
            CampaignStatement.Revoked(Revocations("key", 1u, emptyList())),
        )
        val state = uiState(
            listOf(TrustedPeer("1", "moussa", 1), TrustedPeer("2", "Asha", 1)),
            listOf(TrustedCampaign("key", "SMC", 1)),
            statements,
            now = 10,
        )
        assertEquals(listOf("Asha", "moussa"), state.phones.map { it.name })
        val expected = listOf(
            Permission("SMC", maySend = true, mayReceive = true, areas = 2, expires = 11, isExpired = false),
            Permission("SMC", maySend = true, mayReceive = false, areas = 2, expires = 10, isExpired = true),
            Permission(null, maySend = false, mayReceive = true, areas = 2, expires = 11, isExpired = false),
        )
        assertEquals(expected, state.permissions)
    }

    @Test
    fun `offers to save only what is valid for this phone`() {
        val campaigns = listOf(TrustedCampaign("key", "SMC", 1))
        fun adding(statement: CampaignStatement, own: String = "device") = describe("text", statement, Reader(own, campaigns, now = 10))
        val permit = adding(grant(Role.DISTRIBUTOR, 11)) as Adding.Permit
        assertEquals(Permission("SMC", maySend = true, mayReceive = false, areas = 2, expires = 11, isExpired = false), permit.permission)
        val problems = listOf(
            adding(grant(null, 10)),
            adding(grant(null, 11), own = "other"),
            adding(grant(null, 11, "unknown")),
        )
        val expected = listOf(Adding.Problem.EXPIRED, Adding.Problem.OTHER_PHONE, Adding.Problem.UNKNOWN_CAMPAIGN)
        assertEquals(expected.map { Adding.Scanning(it) }, problems)
        val list = CampaignStatement.Revoked(Revocations("key", 1u, listOf("device", "b")))
        assertEquals(Adding.BlockedPhones("text", "SMC", 2, isThisPhoneBlocked = true), adding(list))
        assertEquals(Adding.BlockedPhones("text", "SMC", 2, isThisPhoneBlocked = false), adding(list, own = "c"))
    }
}
