package org.fieldcast.app.ui.parts

import androidx.compose.runtime.Composable
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.sdk.core.Event

/** Says which phones have the same key, and what to do. */
@Composable
fun SharedKeyNotices(keys: List<Event.SharedKey>, onSettings: () -> Unit) = keys.forEach { shared ->
    val text = if (shared.isOwn) R.string.shared_key_own else R.string.shared_key_others
    Notice(NoticeKind.PROBLEM, stringResource(text, list(shared.names))) {
        if (shared.isOwn) OtherButton(stringResource(R.string.shared_key_settings), onSettings, icon = Icons.Settings)
    }
}
