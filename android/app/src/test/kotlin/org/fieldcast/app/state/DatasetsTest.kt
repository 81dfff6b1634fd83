package org.fieldcast.app.state

import org.fieldcast.sdk.core.Dataset
import org.junit.Assert.assertEquals
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
}
