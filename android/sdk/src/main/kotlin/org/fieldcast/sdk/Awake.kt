package org.fieldcast.sdk

import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.filter
import kotlinx.coroutines.flow.transformLatest
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.SendState

/** The longest silence of a side that is applying data. The phone must stay awake during this time. */
private val QUIET_FOR = 60.seconds

/** Whether the phone must stay awake: while data is transferred or saved, but not while waiting for a user. */
@OptIn(ExperimentalCoroutinesApi::class)
internal fun Flow<Event>.isMoving(): Flow<Boolean> = filter { it.begins || it.ends }
    .transformLatest { event ->
        emit(event.begins)
        if (event.begins) {
            delay(QUIET_FOR)
            emit(false)
        }
    }
    .distinctUntilChanged()

private val Event.begins: Boolean
    get() = when (this) {
        is Event.DownsyncProgress, is Event.SendProgress, is Event.ReceiveProgress -> true
        is Event.SendChanged -> state is SendState.Sending || state is SendState.Applying
        is Event.ReceiveChanged -> state is ReceiveState.Receiving || state is ReceiveState.Applying
        else -> false
    }

/** If another transfer still runs, its next progress event comes within a tenth of a second. */
private val Event.ends: Boolean
    get() = when (this) {
        is Event.SendChanged -> state is SendState.Saved || state is SendState.Failed || state is SendState.Lost
        is Event.Saved, is Event.Ended, is Event.Over -> true
        else -> false
    }
