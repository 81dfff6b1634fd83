package org.fieldcast.app.ui.lookup

import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.key
import org.fieldcast.app.ui.EngineViewModel
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.RecordQuery
import org.fieldcast.sdk.core.StoredRecord

/** Reads the villages into an index, one after another, and searches it. */
class LookUpViewModel(app: AppState, private val saved: SavedStateHandle) : EngineViewModel(app) {
    /** One village of the index. */
    private class Indexed(
        val digest: String,
        val households: List<HouseholdEntry>,
        /** How much was read, between 0 and 1. */
        val part: Float,
    )

    private val index = MutableStateFlow<Map<Dataset, Indexed>>(emptyMap())
    private val opened = MutableStateFlow<HouseholdPage?>(null)
    private val ownEdits = MutableStateFlow<List<OwnEdit>?>(null)

    /** The list. */
    val state: StateFlow<LookUpUiState?> = combine(
        app.villages.stored.filterNotNull(),
        index,
        saved.getStateFlow(QUERY, ""),
        saved.getStateFlow(VILLAGE, ""),
    ) { stored, villages, query, village -> state(stored, villages, query, village) }
        .conflate()
        .flowOn(Dispatchers.Default)
        .stateIn(viewModelScope, SharingStarted.Eagerly, null)

    /** The open household. */
    val household: StateFlow<HouseholdPage?> = opened.asStateFlow()

    /** Own edits; none until they are read. */
    val edits: StateFlow<List<OwnEdit>?> = ownEdits.asStateFlow()

    init {
        viewModelScope.launch(Dispatchers.Default) {
            app.villages.stored.filterNotNull().collectLatest { stored -> indexAll(stored.villages) }
        }
        viewModelScope.launch(Dispatchers.Default) {
            // The edits and their base can change by a download, too.
            app.villages.stored.filterNotNull().map { it.conflicts to it.datasets }.collectLatest { readEdits().join() }
        }
        val household = saved.get<Array<String>>(HOUSEHOLD)
        if (household != null) viewModelScope.launch(Dispatchers.Default) { reopen(household) }
    }

    fun search(query: String) = saved.set(QUERY, query)

    /** Shows one village, or all. */
    fun choose(village: Dataset?) = saved.set(VILLAGE, village?.key.orEmpty())

    fun open(entry: HouseholdEntry) {
        saved[HOUSEHOLD] = arrayOf(entry.dataset.key, entry.root)
        open(entry.dataset, entry.village, entry.root)
    }

    fun close() {
        saved.remove<Array<String>>(HOUSEHOLD)
        opened.value = null
    }

    /** Keeps the own edit although the server's version has changed. */
    fun keepMine(edit: OwnEdit) = act { fieldcast ->
        with(edit.status.edit) { fieldcast.rebaseEdit(dataset, entity, id) }
        app.villages.refresh()
    }

    /** The user has seen the list of possibly lost edits. */
    fun confirmLostEdits() = act { fieldcast ->
        fieldcast.confirmLostEdits()
        app.villages.refresh()
    }

    private suspend fun reopen(household: Array<String>) {
        val (key, root) = household
        val stored = app.villages.stored.filterNotNull()
        val village = stored.map { now -> now.villages.find { it.summary.dataset.key == key } }.filterNotNull()
        village.collectLatest {
            if (opened.value == null && saved.get<Array<String>>(HOUSEHOLD) != null) {
                open(it.summary.dataset, it.summary.boundaryName, root)
            }
        }
    }

    private fun open(dataset: Dataset, village: String, root: String) = act { fieldcast ->
        val records = ArrayList<StoredRecord>()
        fieldcast.allRecords(RecordQuery(dataset, root = root, limit = PAGE)).collect(records::add)
        val unsent = fieldcast.edits().count { it.edit.dataset == dataset && it.edit.root == root }
        opened.value = HouseholdPage(village, household(records), unsent)
    }

    private fun readEdits() = act { fieldcast ->
        ownEdits.value = fieldcast.edits().map { status ->
            val edit = status.edit
            val query = RecordQuery(edit.dataset, entity = edit.entity, id = edit.id, includeDeleted = true, limit = 1u)
            ownEdit(status, fieldcast.records(query).firstOrNull())
        }
    }

    private suspend fun indexAll(villages: List<DatasetStatus>) {
        val datasets = villages.map { it.summary.dataset }.toSet()
        index.update { it.filterKeys(datasets::contains) }
        val fieldcast = app.engine.fieldcast()
        val waiting = villages.sortedBy { it.summary.boundaryName }.toMutableList()
        while (waiting.isNotEmpty()) {
            // The chosen village comes first.
            val next = waiting.find { it.summary.dataset.key == saved.get<String>(VILLAGE) } ?: waiting.first()
            waiting.remove(next)
            val before = index.value[next.summary.dataset]
            if (before != null && before.part == 1f && before.digest == next.summary.digest) continue
            try {
                index(fieldcast, next)
            } catch (_: FieldcastException) {
                // The screen of checks reports storage that cannot be read; the other villages may be readable.
            }
        }
    }

    private suspend fun index(fieldcast: Fieldcast, village: DatasetStatus) {
        val summary = village.summary
        val builder = HouseholdIndex(summary.dataset, summary.boundaryName)
        fun publish(part: Float) {
            val households = builder.entries().sortedWith(byName)
            index.update { it + (summary.dataset to Indexed(summary.digest, households, part)) }
        }
        // Fewer records than this are rare; the bar then jumps to its end.
        var expected = summary.households
        HouseholdIndex.ENTITIES.forEachIndexed { done, entity ->
            var page = RecordQuery(summary.dataset, entity = entity, limit = PAGE)
            do {
                val records = fieldcast.records(page)
                builder.add(records)
                page = page.copy(offset = page.offset + records.size.toULong())
                val part = page.offset.toFloat() / maxOf(expected, page.offset, 1u).toFloat()
                publish((done + part) / (HouseholdIndex.ENTITIES.size + 1))
            } while (records.size.toUInt() == PAGE)
            // There are about as many individuals as members.
            expected = if (entity == Entities.HOUSEHOLD) summary.households * HOUSEHOLD_SIZE else page.offset
        }
        publish(1f)
    }

    private fun state(stored: Stored, index: Map<Dataset, Indexed>, query: String, village: String): LookUpUiState {
        val choices = stored.villages.map { it.summary }.sortedBy { it.boundaryName }.map { summary ->
            LookUpVillage(summary.dataset, summary.boundaryName, summary.households.toLong())
        }
        val chosen = choices.find { it.dataset.key == village }
        val shown = if (chosen == null) choices else listOf(chosen)
        val read = shown.mapNotNull { index[it.dataset] }
        return uiState(
            choices,
            chosen,
            query,
            // One village is sorted already.
            read.singleOrNull()?.households ?: read.flatMap { it.households }.sortedWith(byName),
            part = part(shown) { index[it.dataset]?.part ?: 0f },
            problems = OwnEditCounts(conflicts = stored.conflicts.size, lost = stored.lostEdits.size),
            lost = stored.lostEdits,
        )
    }

    private companion object {
        const val QUERY = "query"
        const val VILLAGE = "village"
        const val HOUSEHOLD = "household"

        /** The usual number of members. */
        const val HOUSEHOLD_SIZE = 5u

        /** Records in one page. */
        const val PAGE = 1000u
    }
}
