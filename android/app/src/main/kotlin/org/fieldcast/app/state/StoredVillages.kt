package org.fieldcast.app.state

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.launch
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.EditStatus
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.LostEdit
import org.fieldcast.sdk.core.Recovery
import org.fieldcast.sdk.core.StorageInfo

/** What is on this phone. */
data class Stored(
    val account: Account?,
    /** All datasets. The ones without a boundary belong to the whole project. */
    val datasets: List<DatasetStatus>,
    val storage: StorageInfo,
    /** Own edits whose record has changed on the server meanwhile. */
    val conflicts: List<EditStatus>,
    /** Own edits that may be lost since a damaged database was recovered. */
    val lostEdits: List<LostEdit>,
    /** How a damaged database was recovered when the engine opened. */
    val recovery: Recovery?,
) {
    /** The datasets of single villages. */
    val villages: List<DatasetStatus> get() = datasets.filter { it.summary.dataset.boundary != null }

    val households: ULong get() = villages.sumOf { it.summary.households }

    /** The oldest server time among the complete villages, in milliseconds since 1970; none if there are none. */
    val asOf: Long? get() = villages.filter { it.isComplete }.minOfOrNull { it.summary.asOf }
}

/** Whether it was complete once at least. Only then it has a time, and can be sent. */
val DatasetStatus.isComplete: Boolean get() = summary.asOf > 0

/** Reads what is on this phone, again after each change. */
class StoredVillages(private val engine: EngineOwner, scope: CoroutineScope) {
    private val current = MutableStateFlow<Stored?>(null)
    private val failure = MutableStateFlow<FieldcastException?>(null)
    private val changes = Channel<Unit>(Channel.CONFLATED)

    /** None until it was read once. */
    val stored: StateFlow<Stored?> = current.asStateFlow()

    /** Why it cannot be read; none if it can. */
    val error: StateFlow<FieldcastException?> = failure.asStateFlow()

    init {
        scope.launch {
            engine.state.collectLatest { now -> if (now is EngineState.Open) follow(now.fieldcast) }
        }
    }

    private suspend fun follow(fieldcast: Fieldcast) = coroutineScope {
        launch { fieldcast.events.collect { if (it.changesData) refresh() } }
        refresh()
        for (change in changes) read(fieldcast)
    }

    /** Reads everything again. */
    fun refresh() {
        changes.trySend(Unit)
    }

    private suspend fun read(fieldcast: Fieldcast) {
        try {
            current.value = Stored(
                fieldcast.account(),
                fieldcast.datasets(),
                fieldcast.storage(),
                fieldcast.conflicts(),
                fieldcast.lostEdits(),
                fieldcast.device().recovery,
            )
            failure.value = null
        } catch (error: FieldcastException) {
            failure.value = error
        }
    }
}

private val Event.changesData: Boolean
    get() = this is Event.BoundaryDone || this is Event.Saved || this is Event.Over || this is Event.Missed
