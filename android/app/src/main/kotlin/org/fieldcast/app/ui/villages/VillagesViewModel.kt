package org.fieldcast.app.ui.villages

import android.os.Bundle
import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharingStarted
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.flow.filterNotNull
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flowOn
import kotlinx.coroutines.flow.stateIn
import kotlinx.coroutines.flow.update
import kotlinx.coroutines.launch
import org.fieldcast.app.state.AppState
import org.fieldcast.app.state.BoundaryCache
import org.fieldcast.app.state.BoundaryList
import org.fieldcast.app.state.DownloadRequest
import org.fieldcast.sdk.core.FieldcastException

/** Where choosing villages leads. */
enum class VillagesExit { SETUP, DOWNLOAD }

/** The state of choosing villages. The selection survives the process. */
class VillagesViewModel(private val app: AppState, saved: SavedStateHandle) : ViewModel() {
    private val cache = BoundaryCache(app.context)
    private val list = MutableStateFlow(VillageList(isLoading = true))
    private val exits = MutableStateFlow<VillagesExit?>(null)
    private var loading: Job? = null

    /** The choice of an earlier process, until the list of villages is here. */
    @Volatile private var earlier: Bundle? = saved.get<Bundle>(CHOICE)
    private val choice = MutableStateFlow(VillageSelection(search = earlier?.getString(SEARCH).orEmpty()))

    val exit: StateFlow<VillagesExit?> = exits.asStateFlow()

    val state: StateFlow<VillagesUiState> = combine(list, choice, app.villages.stored, ::uiState)
        .conflate()
        .flowOn(Dispatchers.Default)
        .stateIn(viewModelScope, SharingStarted.Eagerly, uiState(list.value, choice.value, null))

    init {
        saved.setSavedStateProvider(CHOICE) { saved() }
        load()
    }

    /** Loads the list of villages from the server; shows the one of an earlier time meanwhile. */
    fun load() {
        if (loading?.isActive == true) return
        list.update { it.copy(isLoading = true, error = null) }
        loading = viewModelScope.launch(Dispatchers.Default) {
            if (list.value.tree == null) cache.load()?.let { show(it) }
            try {
                val fieldcast = app.engine.fieldcastOrError()
                val project = fieldcast.chooseProject(null)
                val fresh = BoundaryList(project.id, project.name, fieldcast.boundaries(project))
                show(fresh)
                cache.store(fresh)
                list.update { it.copy(isLoading = false) }
            } catch (error: FieldcastException) {
                val needsSetup = error is FieldcastException.LoginNeeded || error is FieldcastException.ChooseAgain
                if (needsSetup) exits.value = VillagesExit.SETUP
                list.update { it.copy(isLoading = false, error = error) }
            }
        }
    }

    private suspend fun show(fresh: BoundaryList) {
        val tree = VillageTree(fresh.boundaries)
        val isOther = list.value.project != fresh.project
        list.update { it.copy(project = fresh.project, projectName = fresh.projectName, tree = tree) }
        val before = earlier?.takeIf { it.getString(PROJECT) == fresh.project }
        if (before != null) {
            val selected = before.getStringArrayList(SELECTED).orEmpty().flatMap(tree::villagesIn)
            choice.update { it.copy(at = before.getString(AT) ?: tree.start, selected = selected.toSet()) }
        } else if (isOther) {
            // Probably the user wants to complete what was begun, or else to update what is here.
            val here = app.villages.stored.filterNotNull().first().villages
                .filter { it.summary.dataset.project == fresh.project }
            val usual = here.filter { it.unfinished != null }.ifEmpty { here }.mapNotNull { it.summary.dataset.boundary }
            choice.update { it.copy(at = tree.start, selected = usual.toSet()) }
        }
        earlier = null
    }

    fun search(text: String) = choice.update { it.copy(search = text) }

    /** Shows the content of a boundary; of the top for none. Ends the search. */
    fun open(code: String?) = choice.update { it.copy(at = code, search = "") }

    /** Leaves the search or the shown boundary; returns false if there is nothing to leave. */
    fun back(): Boolean {
        val now = state.value
        when {
            choice.value.search.isNotEmpty() -> search("")
            now.canGoUp -> open(now.path.getOrNull(now.path.size - 2)?.code)
            else -> return false
        }
        return true
    }

    /** Selects all villages of a boundary, or none of them. */
    fun select(code: String, isSelected: Boolean) {
        val tree = list.value.tree ?: return
        viewModelScope.launch(Dispatchers.Default) {
            val villages = tree.villagesIn(code).toSet()
            choice.update { it.copy(selected = if (isSelected) it.selected + villages else it.selected - villages) }
        }
    }

    /** Starts the download of the selected villages. */
    fun download() {
        val (project, tree) = list.value.run { (project ?: return) to (tree ?: return) }
        viewModelScope.launch(Dispatchers.Default) {
            val selected = choice.value.selected
            val villages = tree.villages.filter { it in selected }
            if (villages.isEmpty()) return@launch
            val names = villages.associateWith { tree[it]?.name.orEmpty() }.filterValues { it.isNotEmpty() }
            app.download.start(DownloadRequest(project, villages, names = names))
            exits.value = VillagesExit.DOWNLOAD
        }
    }

    /** The screen has left. */
    fun left() {
        exits.value = null
    }

    // A campaign of 10,000 villages does not fit into a saved state by code, but by its districts.
    private fun saved(): Bundle = earlier ?: Bundle().apply {
        val now = choice.value
        putString(PROJECT, list.value.project)
        putString(AT, now.at)
        putString(SEARCH, now.search)
        putStringArrayList(SELECTED, ArrayList(list.value.tree?.cover(now.selected).orEmpty()))
    }

    private companion object {
        const val CHOICE = "choice"
        const val PROJECT = "project"
        const val AT = "at"
        const val SEARCH = "search"
        const val SELECTED = "selected"
    }
}
