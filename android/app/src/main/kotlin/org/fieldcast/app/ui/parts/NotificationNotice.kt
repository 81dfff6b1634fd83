package org.fieldcast.app.ui.parts

import androidx.compose.runtime.Composable
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.app.state.NotificationConsent
import org.fieldcast.sdk.android.FieldcastAndroid

/** What the user can answer to the offer of the notification. */
class NotificationActions(val onAllow: () -> Unit, val onDismiss: () -> Unit)

/** Both answers are final: [consent] is not asked for again. */
@Composable
fun rememberNotificationActions(consent: NotificationConsent, request: PermissionRequest): NotificationActions {
    val context = LocalContext.current
    val onAllow = {
        consent.close()
        request.ask(FieldcastAndroid.missingNotificationPermission(context))
    }
    return NotificationActions(onAllow, consent::close)
}

/** Offers the notification, which is useful but not necessary. */
@Composable
fun NotificationNotice(actions: NotificationActions) =
    Notice(NoticeKind.INFO, stringResource(R.string.permission_notification)) {
        ButtonRow {
            OtherButton(stringResource(R.string.permission_allow), actions.onAllow)
            QuietButton(stringResource(R.string.permission_not_now), actions.onDismiss)
        }
    }
