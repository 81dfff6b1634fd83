package org.fieldcast.app.ui.parts

import androidx.compose.runtime.Composable
import androidx.compose.runtime.LaunchedEffect
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.setValue
import androidx.compose.runtime.staticCompositionLocalOf
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.delay

/** How long what is to be confirmed must be on the screen before a tap counts. */
val LocalSettleTime = staticCompositionLocalOf { 700.milliseconds }

/**
 * Whether [shown] has been on the screen long enough to be read. A tap that was meant for what stood there before must
 * not confirm it.
 */
@Composable
fun isSettled(shown: Any): Boolean {
    val time = LocalSettleTime.current
    var isSettled by remember(shown) { mutableStateOf(time == Duration.ZERO) }
    LaunchedEffect(shown) {
        delay(time)
        isSettled = true
    }
    return isSettled
}
