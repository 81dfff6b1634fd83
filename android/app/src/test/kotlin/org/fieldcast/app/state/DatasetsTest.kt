package org.fieldcast.app.state

import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class DatasetsTest {
    @Test
    fun gives_no_two_datasets_the_same_key() {
        val ids = listOf("", "a", "/", "%", "a/", "/a", "%2F", "a/b")
        val all = ids.flatMap { tenant ->
            ids.flatMap { project -> (ids + null).map { boundary -> Dataset(tenant, project, boundary) } }
        }
        assertEquals(all.size, all.map { it.key }.toSet().size)
        assertEquals("mz/p/a", Dataset("mz", "p", "a").key)
    }

    @Test
    fun has_the_time_of_complete_villages_only() {
        fun stored(vararg times: Long): Stored {
            val villages = times.map { asOf ->
                val summary = SnapshotSummary(Dataset("mz", "p", "v$asOf"), "p", "v", asOf, 1uL, 1uL, 1uL, "")
                DatasetStatus(summary, null, emptyList(), false)
            }
            return Stored(null, villages, StorageInfo(1uL, 1uL), emptyList(), emptyList(), null)
        }
        assertEquals(5L, stored(7, 0, 5).asOf)
        assertNull(stored(0).asOf)
    }
}
