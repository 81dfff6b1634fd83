package org.fieldcast.app.ui.villages

import androidx.compose.ui.state.ToggleableState
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.isComplete
import org.fieldcast.sdk.core.Boundary
import org.fieldcast.sdk.core.FieldcastException

/** What is known about the list of villages on the server. */
data class VillageList(
    val project: String? = null,
    val projectName: String = "",
    /** None before it was loaded once. */
    val tree: VillageTree? = null,
    val isLoading: Boolean = false,
    val error: FieldcastException? = null,
)

/** What the user looks for and has selected. */
data class VillageSelection(
    /** The boundary whose content is shown; none for the top. */
    val at: String? = null,
    val search: String = "",
    /** Codes of villages. */
    val selected: Set<String> = emptySet(),
)

/** What the screen for choosing villages shows. */
data class VillagesUiState(
    val projectName: String,
    val isLoading: Boolean,
    val error: FieldcastException?,
    /** Whether there is a list of villages, from now or from an earlier time. */
    val hasList: Boolean,
    val search: String,
    /** From the top down to the shown boundary. */
    val path: List<Crumb>,
    /** The shown boundary as a whole; none while searching. */
    val all: VillageRow?,
    val rows: List<VillageRow>,
    val selected: Int,
    /** None while nothing is selected, or before the storage was read. */
    val size: SizeEstimate?,
    /** Where the list began; going back from there leaves the screen. */
    val start: String? = null,
) {
    val canGoUp: Boolean get() = path.isNotEmpty() && path.last().code != start
}

/** A boundary above the shown ones. */
data class Crumb(val code: String, val name: String)

/** A boundary in the list. */
data class VillageRow(
    val code: String,
    val name: String,
    /** The boundary above; only in search results. */
    val parent: String?,
    val isVillage: Boolean,
    val check: ToggleableState,
    /** Number of its selected villages. */
    val selected: Int,
    /** Number of its villages. */
    val total: Int,
    /** Number of its villages that are on this phone. */
    val here: Int,
    /** When the village was downloaded: server time in milliseconds since 1970. None if it is not here. */
    val asOf: Long?,
    /** Whether the download of this village has begun but is not complete. */
    val isUnfinished: Boolean,
)

/** Computes what the screen shows. Takes milliseconds for 10,000 villages: call it off the main thread. */
fun uiState(list: VillageList, choice: VillageSelection, stored: Stored?): VillagesUiState {
    val tree = list.tree
    val mine = stored?.villages.orEmpty().filter { it.summary.dataset.project == list.project }
        .associateBy { it.summary.dataset.boundary.orEmpty() }
    val selected = tree?.counts(choice.selected).orEmpty()
    val here = tree?.counts(mine.keys).orEmpty()
    val isSearching = choice.search.isNotBlank()
    val total by lazy { tree?.counts(tree.villages).orEmpty() }

    fun row(boundary: Boundary): VillageRow {
        val village = mine[boundary.code].takeIf { boundary.leaf }
        val (chosen, all) = (selected[boundary.code] ?: 0) to (total[boundary.code] ?: 0)
        return VillageRow(
            code = boundary.code,
            name = boundary.name.ifEmpty { boundary.code },
            parent = if (isSearching) tree?.parentOf(boundary.code)?.name else null,
            isVillage = boundary.leaf,
            check = checked(chosen, all),
            selected = chosen,
            total = all,
            here = here[boundary.code] ?: 0,
            asOf = village?.takeIf { it.isComplete }?.summary?.asOf,
            isUnfinished = village?.unfinished != null,
        )
    }

    val shown = when {
        tree == null -> emptyList()
        isSearching -> tree.search(choice.search)
        else -> tree.childrenOf(choice.at)
    }
    val count = tree?.villages?.count { it in choice.selected } ?: 0
    return VillagesUiState(
        projectName = list.projectName,
        isLoading = list.isLoading,
        error = list.error,
        hasList = tree != null,
        search = choice.search,
        path = tree?.path(choice.at).orEmpty().map { Crumb(it.code, it.name.ifEmpty { it.code }) },
        all = choice.at?.takeIf { !isSearching }?.let { tree?.get(it) }?.let(::row),
        rows = shown.map(::row),
        selected = count,
        size = if (count > 0 && stored != null) estimate(list.project.orEmpty(), choice.selected, stored) else null,
        start = tree?.start,
    )
}

private fun checked(selected: Int, total: Int): ToggleableState = when (selected) {
    0 -> ToggleableState.Off
    total -> ToggleableState.On
    else -> ToggleableState.Indeterminate
}

/** What the user can do while choosing villages. */
data class VillagesActions(
    val onBack: () -> Unit,
    val onSearch: (String) -> Unit,
    /** Shows the content of a boundary; of the top for none. */
    val onOpen: (String?) -> Unit,
    /** Selects all villages of a boundary, or none of them. */
    val onSelect: (String, Boolean) -> Unit,
    val onRetry: () -> Unit,
    val onOtherProject: () -> Unit,
    val onDownload: () -> Unit,
)
