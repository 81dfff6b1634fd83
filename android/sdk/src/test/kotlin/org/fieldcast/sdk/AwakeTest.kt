package org.fieldcast.sdk

import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.test.advanceTimeBy
import kotlinx.coroutines.test.currentTime
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.ReceiveProgress
import org.fieldcast.sdk.core.ReceiveState
import org.fieldcast.sdk.core.SendState
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

@OptIn(ExperimentalCoroutinesApi::class)
class AwakeTest {
    @Test
    fun `stays awake during transfer but not while waiting for users`() = runTest {
        val events = MutableSharedFlow<Event>(extraBufferCapacity = 8)
        val reported = mutableListOf<Pair<Long, Boolean>>()
        backgroundScope.launch { events.isMoving().collect { reported += currentTime / 1000 to it } }
        runCurrent()
        suspend fun happens(event: Event, thenSeconds: Long) {
            events.emit(event)
            advanceTimeBy(thenSeconds * 1000)
            runCurrent()
        }
        val progress = ReceiveProgress(1u, 2u, 3u)
        happens(Event.ReceiveChanged(1u, ReceiveState.Asking), 100)
        assertEquals(emptyList<Any>(), reported)
        happens(Event.ReceiveChanged(1u, ReceiveState.Receiving(progress)), 50)
        happens(Event.ReceiveProgress(1u, ReceiveState.Receiving(progress)), 50)
        happens(Event.SendProgress(2u, emptyList()), 0)
        happens(Event.SendChanged(2u, "one", SendState.Queued), 59)
        assertEquals(listOf(100L to true), reported)
        happens(Event.Over(1u), 5)
        assertEquals(listOf(100L to true, 259L to false), reported)
        happens(Event.SendProgress(2u, emptyList()), 100)
        assertEquals(listOf(264L to true, 324L to false), reported.drop(2), "sleeps even if the last event is missing")
    }
}
