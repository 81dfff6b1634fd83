package org.fieldcast.app.ui.lookup

import androidx.activity.compose.BackHandler
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.saveable.rememberSaveableStateHolder
import androidx.compose.runtime.setValue
import androidx.lifecycle.compose.collectAsStateWithLifecycle
import androidx.lifecycle.createSavedStateHandle
import androidx.lifecycle.viewmodel.compose.viewModel
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.Navigator

/** The pages of this screen. A household is open while the view model has one. */
private enum class Page { LIST, VILLAGES, EDITS }

/** Shows households, people and own edits. */
@Composable
fun LookUpRoute(state: AppState, navigator: Navigator) {
    val model = viewModel { LookUpViewModel(state, createSavedStateHandle()) }
    val list by model.state.collectAsStateWithLifecycle()
    val household by model.household.collectAsStateWithLifecycle()
    val edits by model.edits.collectAsStateWithLifecycle()
    val error by model.error.collectAsStateWithLifecycle()
    var page by rememberSaveable { mutableStateOf(Page.LIST) }
    var openEdit by rememberSaveable { mutableStateOf<String?>(null) }
    val now = state.phone.now()
    val edit = edits?.find { it.key == openEdit }
    val opened = household

    val back: () -> Unit = {
        when {
            opened != null -> model.close()
            edit != null -> openEdit = null
            page != Page.LIST -> page = Page.LIST
            else -> navigator.back()
        }
    }
    BackHandler(opened != null || page != Page.LIST, back)
    // The list keeps its place while a household is open.
    val holder = rememberSaveableStateHolder()
    when {
        opened != null -> HouseholdScreen(opened, now, back)
        edit != null -> EditScreen(
            edit,
            now,
            EditActions(
                back,
                onKeepMine = {
                    model.keepMine(edit)
                    openEdit = null
                },
            ),
        )
        page == Page.EDITS -> EditsScreen(
            edits,
            list?.lost.orEmpty(),
            error,
            now,
            EditsActions(back, onOpen = { openEdit = it.key }, onLostSeen = { model.confirmLostEdits() }),
        )
        page == Page.VILLAGES -> VillagePickerScreen(
            list?.villages.orEmpty(),
            list?.chosen?.dataset,
            onChoose = {
                model.choose(it)
                page = Page.LIST
            },
            onBack = back,
        )
        else -> holder.SaveableStateProvider("list") {
            val actions = LookUpActions(
                onBack = back,
                onSearch = model::search,
                onPickVillage = { page = Page.VILLAGES },
                onOpen = model::open,
                onEdits = { page = Page.EDITS },
            )
            LookUpScreen(list, error, edits?.size ?: 0, actions)
        }
    }
}
