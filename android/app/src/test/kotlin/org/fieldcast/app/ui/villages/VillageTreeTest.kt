package org.fieldcast.app.ui.villages

import androidx.compose.ui.state.ToggleableState
import org.fieldcast.sdk.core.Boundary
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

class VillageTreeTest {
    /** A country with one province, which has two districts with two villages each. */
    private val tree = VillageTree(
        listOf(
            Boundary("MZ", "Moçambique", "COUNTRY", null, 0u, false),
            Boundary("P", "Nampula", "PROVINCE", 0u, 1u, false),
            Boundary("D1", "Eráti", "DISTRICT", 1u, 2u, false),
            Boundary("D2", "Muecate", "DISTRICT", 1u, 2u, false),
            Boundary("a", "Aúbe 2", "VILLAGE", 2u, 3u, true),
            Boundary("b", "Kibera A", "VILLAGE", 2u, 3u, true),
            Boundary("c", "Kibera B", "VILLAGE", 3u, 3u, true),
            Boundary("d", "Mathare", "VILLAGE", 3u, 3u, true),
        ),
    )

    @Test
    fun beginsWhereThereIsChoice() {
        assertEquals("P", tree.start)
        assertEquals(listOf("MZ", "P", "D2"), tree.path("D2").map { it.code })
        assertEquals(listOf("D1", "D2"), tree.childrenOf(tree.start).map { it.code })
    }

    @Test
    fun searchesWithoutAccentsAndCase() {
        assertEquals(listOf("a"), tree.search("AUBE").map { it.code })
        assertEquals(listOf("b", "c"), tree.search("kibera").map { it.code })
        assertEquals(listOf("c"), tree.search("b kib").map { it.code }.minus("b"))
        assertTrue(tree.search("xyz").isEmpty())
    }

    @Test
    fun countsAtEveryLevel() {
        val counts = tree.counts(listOf("a", "c", "d", "gone", "D1"))
        assertEquals(mapOf("a" to 1, "c" to 1, "d" to 1, "D1" to 1, "D2" to 2, "P" to 3, "MZ" to 3), counts)
        val state = uiState(VillageList("p", tree = tree), VillageSelection("P", selected = setOf("a", "c", "d")), null)
        assertEquals(listOf(ToggleableState.Indeterminate, ToggleableState.On), state.rows.map { it.check })
        assertEquals(3, state.selected)
    }

    @Test
    fun coversSelectionByFewestBoundaries() {
        assertEquals(listOf("D2", "a"), tree.cover(listOf("a", "c", "d")))
        assertEquals(listOf("MZ"), tree.cover(tree.villages))
        assertEquals(setOf("a", "c", "d"), tree.cover(listOf("a", "c", "d")).flatMap(tree::villagesIn).toSet())
    }

    @Test
    fun handlesLargeTreesQuickly() {
        val boundaries = List(100) { Boundary("D$it", "District $it", "DISTRICT", null, 0u, false) } +
            List(10_000) { Boundary("v$it", "Kibera $it", "VILLAGE", (it % 100).toULong(), 1u, true) }
        val large = VillageTree(boundaries)
        val list = VillageList("p", tree = large)
        uiState(list, VillageSelection(search = "kibera", selected = large.villages.toSet()), null)
        val began = System.nanoTime()
        repeat(10) { uiState(list, VillageSelection(search = "kibera $it", selected = large.villages.toSet()), null) }
        val millis = (System.nanoTime() - began) / 10_000_000
        assertTrue("each took $millis ms", millis < 200)
    }
}
