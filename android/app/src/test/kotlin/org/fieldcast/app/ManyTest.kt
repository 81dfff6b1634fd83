package org.fieldcast.app

import org.fieldcast.app.pictures.on
import org.fieldcast.app.pictures.receiver
import org.fieldcast.app.state.Connection
import org.fieldcast.app.ui.send.SendContents
import org.fieldcast.app.ui.send.SendInput
import org.fieldcast.app.ui.send.sendUiState
import org.fieldcast.app.ui.villages.VillageSelection
import org.fieldcast.app.ui.villages.VillageList
import org.fieldcast.app.ui.villages.VillageTree
import org.fieldcast.app.ui.villages.uiState
import org.fieldcast.sdk.core.Boundary
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/**
 * The work for large lists grows in proportion to them. Times are compared with those of a tenth of the list in the same
 * run, because machines differ: a quadratic step would take a hundred times as long.
 */
class ManyTest {
    @Test
    fun `shows 10,000 villages`() {
        fun work(size: Int): () -> Unit {
            val areas = List(size / 100) { Boundary("A$it", "Area $it", "AREA", 0u, 1u, false) }
            val villages = List(size) { Boundary("V$it", "Aúbe $it", "VILLAGE", (1 + it / 100).toULong(), 2u, true) }
            val tree = VillageTree(listOf(Boundary("MZ", "Moçambique", "COUNTRY", null, 0u, false)) + areas + villages)
            val selected = villages.map { it.code }.toSet()
            return {
                val list = VillageList("p", "Nets", tree)
                assertEquals(size, uiState(list, VillageSelection(search = "aube", selected = selected), null).rows.size)
            }
        }
        assertProportional(work(1_000), work(10_000))
    }

    @Test
    fun `shows 500 receivers`() {
        fun work(size: Int): () -> Unit {
            val receivers = List(size) { receiver(it, "Phone ${it + 1}") }
            val input = SendInput(Connection.PRESENT_WIFI, selected = receivers.map { it.fingerprint }.toSet())
            val contents = SendContents(1, 5uL, emptyList())
            return { sendUiState(contents, on(receivers), input, false, false) }
        }
        assertProportional(work(500), work(5_000))
    }

    private fun assertProportional(work: () -> Unit, tenfold: () -> Unit) {
        val (time, tenfoldTime) = fastest(work) to fastest(tenfold)
        assertTrue("$time ns, and $tenfoldTime ns for ten times as many", tenfoldTime < MOST * time)
    }

    /** Nanoseconds. The fastest of many runs is the least disturbed by other processes. */
    private fun fastest(work: () -> Unit): Long = (1..RUNS).minOf {
        val start = System.nanoTime()
        work()
        System.nanoTime() - start
    }

    private companion object {
        const val RUNS = 30
        const val MOST = 40
    }
}
