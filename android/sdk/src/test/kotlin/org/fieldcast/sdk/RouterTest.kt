package org.fieldcast.sdk

import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.Event
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class RouterTest {
    private val router = Router()
    private val told = mutableListOf<Event>()

    @Test
    fun `delivers early events first and stops at the end`() = runTest {
        router.onEvent(gone(1u)) // no session is starting
        router.starting {
            listOf(gone(1u), gone(2u), Event.Over(1u), Event.Over(2u)).forEach(router::onEvent)
            router.watch(1u, told::add)
        }
        assertEquals(listOf(gone(1u), Event.Over(1u)), told)
        router.onEvent(gone(1u))
        router.starting { router.watch(2u, told::add) }
        assertEquals(2, told.size, "unclaimed events are kept only during a start")
        router.onEvent(gone(2u))
        router.onEvent(Event.Over(2u))
        router.onEvent(gone(2u))
        assertEquals(listOf(gone(2u), Event.Over(2u)), told.drop(2))
    }

    private fun gone(session: ULong) = Event.NetworkGone(session, "wlan0")
}
