package org.fieldcast.sdk

import kotlinx.coroutines.test.runTest
import org.fieldcast.sdk.core.Event
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class RouterTest {
    private val router = Router()
    private val reported = mutableListOf<Event>()

    @Test
    fun `delivers early events first and stops at the end`() = runTest {
        router.onEvent(gone(1u)) // no session is starting
        router.starting {
            listOf(gone(1u), gone(2u), Event.Over(1u), Event.Over(2u)).forEach(router::onEvent)
            router.watch(1u, reported::add)
        }
        assertEquals(listOf(gone(1u), Event.Over(1u)), reported)
        router.onEvent(gone(1u))
        router.starting { router.watch(2u, reported::add) }
        assertEquals(2, reported.size, "unclaimed events are kept only during a start")
        router.onEvent(gone(2u))
        router.onEvent(Event.Over(2u))
        router.onEvent(gone(2u))
        assertEquals(listOf(gone(2u), Event.Over(2u)), reported.drop(2))
    }

    private fun gone(session: ULong) = Event.NetworkLost(session, "wlan0")
}
