package org.fieldcast.app.ui.villages

import org.fieldcast.app.ui.folded
import org.fieldcast.app.ui.searchWords
import org.fieldcast.sdk.core.Boundary

/** The boundaries of a project, prepared for looking, searching and counting. Make and use it off the main thread. */
class VillageTree(private val boundaries: List<Boundary>) {
    private val parents = IntArray(boundaries.size) { boundaries[it].parent?.toInt() ?: NONE }
    private val childrenOf = HashMap<Int, MutableList<Int>>()
    private val byCode = HashMap<String, Int>(boundaries.size)
    private val searchable by lazy { boundaries.map { it.name.folded() } }

    init {
        boundaries.forEachIndexed { index, boundary ->
            childrenOf.getOrPut(parents[index]) { ArrayList() } += index
            byCode[boundary.code] = index
        }
    }

    /** Codes of all villages. */
    val villages: List<String> = boundaries.filter { it.leaf }.map { it.code }

    /** Where to begin: below the boundaries that offer no choice. None is the top. */
    val start: String? = run {
        var at = NONE
        while (true) at = children(at).singleOrNull()?.takeIf { !boundaries[it].leaf } ?: break
        boundaries.getOrNull(at)?.code
    }

    operator fun get(code: String): Boundary? = byCode[code]?.let(boundaries::get)

    /** The boundaries directly below; the top ones for none. */
    fun childrenOf(code: String?): List<Boundary> = children(indexOf(code)).map(boundaries::get)

    /** The boundaries from the top down to this one. */
    fun path(code: String?): List<Boundary> {
        val upwards = generateSequence(indexOf(code)) { parents[it] }.takeWhile { it != NONE }
        return upwards.map(boundaries::get).toList().reversed()
    }

    fun parentOf(code: String): Boundary? = byCode[code]?.let { boundaries.getOrNull(parents[it]) }

    /** Codes of the villages in this boundary; it may be a village itself. */
    fun villagesIn(code: String?): List<String> {
        val top = indexOf(code)
        if (top == NONE) return villages
        if (boundaries[top].leaf) return listOf(boundaries[top].code)
        val found = ArrayList<String>()
        val open = ArrayDeque(children(top))
        while (open.isNotEmpty()) {
            val next = open.removeFirst()
            if (boundaries[next].leaf) found += boundaries[next].code
            open.addAll(children(next))
        }
        return found
    }

    /** Boundaries whose name contains these words, without regard to case and accents, in the order of the tree. */
    fun search(text: String): List<Boundary> {
        val words = text.searchWords()
        return boundaries.filterIndexed { index, _ -> words.all { it in searchable[index] } }
    }

    /** For each boundary, by code: the number of its villages whose code is in [codes]. */
    fun counts(codes: Collection<String>): Map<String, Int> {
        val counts = IntArray(boundaries.size)
        codes.mapNotNull(byCode::get).filter { boundaries[it].leaf }.forEach { counts[it] = 1 }
        // Each boundary comes before its children, so backwards every count is complete when it is added.
        for (index in counts.indices.reversed()) {
            if (parents[index] != NONE) counts[parents[index]] += counts[index]
        }
        return counts.indices.filter { counts[it] > 0 }.associate { boundaries[it].code to counts[it] }
    }

    /** The fewest boundaries whose villages are exactly these. */
    fun cover(codes: Collection<String>): List<String> {
        val (some, all) = counts(codes) to counts(villages)
        val isWhole = { boundary: Boundary? -> boundary != null && some[boundary.code] == all[boundary.code] }
        return boundaries.filter { it.code in some && isWhole(it) && !isWhole(parentOf(it.code)) }.map { it.code }
    }

    private fun indexOf(code: String?): Int = code?.let(byCode::get) ?: NONE

    private fun children(index: Int): List<Int> = childrenOf[index].orEmpty()

    private companion object {
        /** The index of the parent of the top boundaries. */
        const val NONE = -1
    }
}
