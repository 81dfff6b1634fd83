package org.fieldcast.app.ui.settings

import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.SendStatus
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.RecordSource
import org.fieldcast.sdk.core.SnapshotSummary
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertTrue
import org.junit.Test

class SettingsTest {
    @Test
    fun `names the phones that data comes from`() {
        val summary = SnapshotSummary(Dataset("mz", "p", "a"), "Project", "Kibera", 5, 90u, 10u, 5_000u, "0".repeat(64))
        val sources = listOf(
            RecordSource(null, null, 30u, 1),
            RecordSource("Asha", "Asha", 30u, 2),
            RecordSource("Asha", "Moussa", 30u, 3),
            RecordSource("Asha", null, 30u, 4),
        )
        val village = villageData(listOf(DatasetStatus(summary, null, sources, true))).single()
        val expected = listOf(
            Source(null, null, 1), Source("Asha", null, 2), Source("Moussa", "Asha", 3), Source("Asha", null, 4),
        )
        assertEquals(expected, village.sources)
        assertEquals(5_000L, village.bytes)
    }

    @Test
    fun `is idle only while nothing is transferred`() {
        assertTrue(isIdle(DownloadState.Off, SendStatus.Off, ReceiveStatus.Off))
        val request = DownloadRequest("p", listOf("a"))
        assertFalse(isIdle(DownloadState.WaitingForInternet(request), SendStatus.Off, ReceiveStatus.Off))
        assertFalse(isIdle(DownloadState.Off, SendStatus.Starting(Connection.OWN_GROUP), ReceiveStatus.Off))
        assertFalse(isIdle(DownloadState.Off, SendStatus.Off, ReceiveStatus.Starting(false)))
    }

    @Test
    fun `reads the list of libraries`() {
        assertEquals(listOf(Library("rusqlite", "MIT")), libraries("rusqlite: MIT\n\nrusqlite: MIT\n"))
    }
}
