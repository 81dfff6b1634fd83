package org.fieldcast.app.state

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.emptyFlow
import kotlinx.coroutines.test.runCurrent
import kotlinx.coroutines.test.runTest
import org.fieldcast.app.Phone
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

@OptIn(ExperimentalCoroutinesApi::class)
class EngineOwnerTest {
    private class FailingPhone : Phone {
        var opened = 0
        val mayFail = CompletableDeferred<Unit>()
        override val exchange = ExchangeOptions()
        override val hasGroups = false

        override suspend fun open(newIdentity: Boolean, deviceName: String?): Fieldcast {
            opened++
            mayFail.await()
            throw FieldcastException.StorageFull("")
        }

        override fun internet(): Flow<Unit> = emptyFlow()
    }

    @Test
    fun opens_once_for_two_quick_taps() = runTest {
        val phone = FailingPhone().apply { mayFail.complete(Unit) }
        val owner = EngineOwner(phone, backgroundScope)
        runCurrent()
        repeat(2) { owner.open() }
        runCurrent()
        assertEquals(2, phone.opened)
    }

    @Test
    fun tells_a_screen_that_the_engine_does_not_open() = runTest {
        val phone = FailingPhone()
        val owner = EngineOwner(phone, backgroundScope)
        val screen = async { runCatching { owner.fieldcastOrError() } }
        val background = async { runCatching { owner.fieldcast() } }
        runCurrent()
        assertTrue(screen.isActive)
        phone.mayFail.complete(Unit)
        assertTrue(screen.await().exceptionOrNull() is FieldcastException.StorageFull)
        assertTrue("it goes on when the user has tried again", background.isActive)
        background.cancel()
    }
}
