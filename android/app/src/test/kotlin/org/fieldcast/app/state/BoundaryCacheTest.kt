package org.fieldcast.app.state

import org.fieldcast.sdk.core.Boundary
import org.junit.Assert.assertEquals
import org.junit.Assert.assertNull
import org.junit.Test

class BoundaryCacheTest {
    private val list = BoundaryList(
        "p",
        "Nampula 2026",
        listOf(
            Boundary("D", "Eráti", "DISTRICT", null, 0u, false),
            Boundary("a", "Kibera A", "VILLAGE", 0u, 1u, true),
        ),
    )

    @Test
    fun readsWhatItWrote() {
        assertEquals(list, BoundaryCache.decoded(BoundaryCache.encoded(list)))
        val odd = list.copy(boundaries = listOf(list.boundaries[0].copy(name = "a\tb\nc")))
        assertEquals("a b c", BoundaryCache.decoded(BoundaryCache.encoded(odd))?.boundaries?.single()?.name)
    }

    @Test
    fun ignoresDamagedFile() {
        for (text in listOf("", "p", "p\tn\nD\tEráti", "p\tn\nD\tEráti\tDISTRICT\t7\t0")) {
            assertNull(BoundaryCache.decoded(text))
        }
    }
}
