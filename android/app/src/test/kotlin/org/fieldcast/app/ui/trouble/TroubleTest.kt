package org.fieldcast.app.ui.trouble

import org.fieldcast.app.state.Stored
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.Checked
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.ExchangeRole
import org.fieldcast.sdk.core.Finding
import org.fieldcast.sdk.core.LostEdit
import org.fieldcast.sdk.core.Outcome
import org.fieldcast.sdk.core.PastExchange
import org.fieldcast.sdk.core.RecordSource
import org.fieldcast.sdk.core.Recovery
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertNull
import org.junit.Assert.assertTrue
import org.junit.Test

class TroubleTest {
    private fun check(checked: Checked, finding: Finding) = Check(checked, finding, "found", "advice")

    @Test
    fun `reports nothing on a healthy phone`() {
        val state = uiState(PhoneFacts(), Checked.entries.map { check(it, Finding.OK) }, DataCheck.Off, null)
        assertEquals(emptyList<CheckRow>(), state.problems)
        assertEquals(Topic.entries.size, state.fine.size)
        assertTrue(uiState(PhoneFacts(), null, DataCheck.Off, null).isChecking)
    }

    @Test
    fun `shows problems before hints, each with its remedy`() {
        val phone = PhoneFacts(listOf("p"), isWifiOn = false, isVpnOn = true, isBatteryOptimized = true)
        val problems = uiState(phone, emptyList(), DataCheck.Off, null).problems
        assertEquals(listOf(Topic.PERMISSIONS, Topic.WIFI, Topic.VPN, Topic.BATTERY_OPTIMIZATION), problems.map { it.topic })
        assertEquals(listOf(Severity.PROBLEM, Severity.PROBLEM, Severity.HINT, Severity.HINT), problems.map { it.severity })
        assertEquals(Remedy.ASK_PERMISSIONS, problems[0].remedy)
        assertEquals(Remedy.BATTERY_OPTIMIZATION, problems[3].remedy)
        assertNull(CheckRow(Topic.WIFI, Severity.OK).remedy)
    }

    @Test
    fun `leaves out what the phone does not tell`() {
        val topics = checkRows(PhoneFacts(isWifiOn = null, isHotspotOn = null, isLocationOn = null), emptyList()).map { it.topic }
        assertFalse(Topic.WIFI in topics || Topic.HOTSPOT in topics || Topic.LOCATION in topics)
    }

    @Test
    fun `treats a missing network as a hint, and skips what needs one`() {
        val checks = listOf(
            check(Checked.INTERFACES, Finding.PROBLEM),
            check(Checked.MULTICAST, Finding.WARNING),
            check(Checked.PORT, Finding.WARNING),
            check(Checked.DATABASE, Finding.WARNING), // this app has it open
        )
        val rows = uiState(PhoneFacts(), checks, DataCheck.Off, null)
        assertEquals(listOf(CheckRow(Topic.NETWORK, Severity.HINT)), rows.problems)
        assertFalse(rows.fine.any { it.topic in listOf(Topic.DISCOVERY, Topic.CONNECTION, Topic.DATABASE) })
    }

    @Test
    fun `writes diagnostics without personal data`() {
        val other = "e".repeat(64)
        val village = SnapshotSummary(Dataset("tenant-x", "project-id-x", "boundary-x"), "Project X", "Kibera", 1_000, 90u, 10u, 5_000u, "d".repeat(64))
        val text = diagnostics(
            DiagnosticsInput(
                appVersion = "0.1.0",
                androidVersion = "15",
                apiLevel = 35,
                phoneModel = "Acme One",
                now = 1_795_702_800_000L,
                words = "lusab-babad",
                engineError = null,
                phone = PhoneFacts(missingPermissions = listOf("android.permission.NEARBY_WIFI_DEVICES")),
                engine = listOf(Check(Checked.INTERFACES, Finding.OK, "wlan0 (192.168.49.1) of Asha", "ask Moussa")),
                stored = Stored(
                    Account("https://campaign.example.org", "tenant-x", "user-x", listOf("ROLE_X")),
                    listOf(DatasetStatus(village, null, listOf(RecordSource("Moussa", "Fatou", 90u, 1_000)), false)),
                    StorageInfo(100u, 200u),
                    emptyList(),
                    listOf(LostEdit("Individual", "record-x")),
                    Recovery("/data/user/0/old", 1u, listOf(village.dataset), 0u, 1u, false),
                ),
                history = listOf(
                    PastExchange(ExchangeRole.SENT, other, "Moussa", 0, 42_000, listOf(village), 1234u, Outcome.Saved(true, emptyList())),
                    PastExchange(
                        ExchangeRole.RECEIVED, other, "Fatou", 0, 1_000, listOf(village), 5u,
                        Outcome.Ended(Ending(EndReason.LOST, null, "the connection to Fatou broke")),
                    ),
                ),
            ),
        )
        val personal = listOf(
            "Asha", "Moussa", "Fatou", "Kibera", "Project X", "project-id", "boundary-x", "tenant", "user-x", "ROLE", "campaign.example",
            "record-x", "/data", "192.168", "wlan0", "babad", other, other.take(4), village.digest.take(8),
        )
        assertEquals(emptyList<String>(), personal.filter { it in text })
        val useful = listOf(
            "0.1.0", "API 35", "Acme One", "This phone: lusab", "NEARBY_WIFI_DEVICES", "engine INTERFACES: OK", "households: 10",
            "1970-01-01 00:00, SENT, 1, 10, 1234, 42, SAVED", "RECEIVED, 1, 10, 5, 1, LOST", "possibly lost edits: 1",
        )
        assertEquals(emptyList<String>(), useful.filterNot { it in text })
    }
}
