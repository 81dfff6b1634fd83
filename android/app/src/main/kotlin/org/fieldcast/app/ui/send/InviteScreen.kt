package org.fieldcast.app.ui.send

import android.view.Window
import android.view.WindowManager
import androidx.activity.compose.BackHandler
import androidx.activity.compose.LocalActivity
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.DisposableEffect
import androidx.compose.runtime.key
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.app.ui.parts.Notice
import org.fieldcast.app.ui.parts.NoticeKind
import org.fieldcast.app.ui.parts.Progress
import org.fieldcast.app.ui.parts.QrCode
import org.fieldcast.app.ui.parts.ScrollingScreen
import org.fieldcast.app.ui.plural
import org.fieldcast.app.ui.text

/**
 * The code that other phones scan to connect, and the phones of [list] that have done so. All of them are selected but
 * the [unselected] ones.
 */
@Composable
internal fun InviteScreen(
    invite: InviteState,
    list: SendList?,
    unselected: List<String>,
    onUnselect: (List<String>) -> Unit,
    actions: SendActions,
) {
    val scanned = list?.scanned.orEmpty().map { it.copy(isSelected = it.fingerprint !in unselected) }
    BackHandler(onBack = actions.onHideInvite)
    BrightScreen()
    val bottom = @Composable {
        SendBar(scanned.filter { it.isSelected }, list?.bytes ?: 0u) {
            actions.onHideInvite()
            actions.onSendTo(it)
        }
    }
    ScrollingScreen(stringResource(R.string.send_invite), actions.onHideInvite, bottom = bottom) {
        Text(stringResource(R.string.send_invite_explained))
        when (invite) {
            is InviteState.Shown -> {
                val label = stringResource(R.string.send_invite_code)
                QrCode(invite.matrix, label, Modifier.align(Alignment.CenterHorizontally))
                Text(plural(R.plurals.send_invite_valid, maxOf(invite.minutesLeft, 1)))
            }
            is InviteState.Failed -> Notice(NoticeKind.PROBLEM, invite.error.text())
            else -> Progress(null, stringResource(R.string.send_starting))
        }
        scanned.forEach { row ->
            key(row.fingerprint) {
                SelectableRow(row) { onUnselect(if (it) unselected - row.fingerprint else unselected + row.fingerprint) }
            }
        }
    }
}

/** Keeps the screen on and bright, so that cameras read the code in the sun. */
@Composable
private fun BrightScreen() {
    val window = LocalActivity.current?.window ?: return
    DisposableEffect(window) {
        val before = window.attributes.screenBrightness
        window.addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
        window.setBrightness(WindowManager.LayoutParams.BRIGHTNESS_OVERRIDE_FULL)
        onDispose {
            window.clearFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON)
            window.setBrightness(before)
        }
    }
}

private fun Window.setBrightness(brightness: Float) {
    attributes = attributes.apply { screenBrightness = brightness }
}
