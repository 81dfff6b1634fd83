package org.fieldcast.sdk

import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.Event
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class RouterTest {
    private val router = Router()
    private val told = mutableListOf<Event>()

    @Test
    fun `what happens before a session is watched is told first, and an end is the end`() = runTest {
        router.onEvent(gone(1u)) // nobody is starting anything
        router.starting {
            listOf(gone(1u), gone(2u), Event.Over(1u), Event.Over(2u)).forEach(router::onEvent)
            router.watch(1u, told::add)
        }
        assertEquals(listOf(gone(1u), Event.Over(1u)), told)
        router.onEvent(gone(1u))
        router.starting { router.watch(2u, told::add) }
        assertEquals(2, told.size, "what nobody asked for is kept no longer than a start lasts")
        router.onEvent(gone(2u))
        router.onEvent(Event.Over(2u))
        router.onEvent(gone(2u))
        assertEquals(listOf(gone(2u), Event.Over(2u)), told.drop(2))
    }

    private fun gone(session: ULong) = Event.NetworkGone(session, "wlan0")
}
