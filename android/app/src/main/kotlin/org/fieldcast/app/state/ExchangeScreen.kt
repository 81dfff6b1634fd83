package org.fieldcast.app.state

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.update

/** Whether a screen shows an exchange. A new screen may open before the previous one is closed. */
internal class ExchangeScreen {
    private val screens = MutableStateFlow(0)

    fun open() = screens.update { it + 1 }

    fun close() = screens.update { it - 1 }

    /** Calls [stop] whenever no screen shows the exchange and it is not busy. */
    suspend fun whenIdle(isBusy: Flow<Boolean>, stop: () -> Unit) =
        combine(isBusy, screens) { busy, open -> open == 0 && !busy }.collect { isIdle -> if (isIdle) stop() }
}
