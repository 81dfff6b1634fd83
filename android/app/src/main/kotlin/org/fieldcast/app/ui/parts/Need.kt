package org.fieldcast.app.ui.parts

import android.content.Context
import android.location.LocationManager
import android.os.Build
import androidx.compose.runtime.Composable
import androidx.compose.ui.platform.LocalContext
import androidx.compose.ui.res.stringResource
import org.fieldcast.app.R
import org.fieldcast.sdk.android.FieldcastAndroid

/** What the phone must allow before phones can connect. */
enum class Need {
    /** Location, which Android before 13 needs to find phones. */
    LOCATION,

    /** Nearby devices. */
    NEARBY,

    /** The location switch of the whole phone. */
    LOCATION_SWITCH,
}

/** What the phone must allow: to make or join a group if [isGroup], else to use its present Wi-Fi. None if it can. */
fun need(context: Context, isGroup: Boolean): Need? {
    val missing = FieldcastAndroid.missingPermissions(context)
    val isOld = Build.VERSION.SDK_INT < Build.VERSION_CODES.TIRAMISU
    return when {
        // Only the newest Android restricts the Wi-Fi to which the phone is connected.
        !isGroup -> Need.NEARBY.takeIf { LOCAL_NETWORK in missing }
        missing.isNotEmpty() -> if (isOld) Need.LOCATION else Need.NEARBY
        isOld && !context.isLocationOn() -> Need.LOCATION_SWITCH
        else -> null
    }
}

private fun Context.isLocationOn() =
    Build.VERSION.SDK_INT < Build.VERSION_CODES.P ||
        getSystemService(LocationManager::class.java)?.isLocationEnabled != false

private const val LOCAL_NETWORK = "android.permission.ACCESS_LOCAL_NETWORK"

/** How to grant what is missing. */
class NeedActions(val onAllow: () -> Unit, val onOpenSettings: () -> Unit, val onOpenLocation: () -> Unit)

/** Grants by [request], or in the system's settings. */
@Composable
fun rememberNeedActions(request: PermissionRequest): NeedActions {
    val context = LocalContext.current
    val onAllow = { request.ask(FieldcastAndroid.missingPermissions(context)) }
    return NeedActions(onAllow, rememberAppSettings(), rememberLocationSettings())
}

/** Explains what the phone must allow. [isRefused] is whether the system asks no more; [other] is another way. */
@Composable
fun NeedNotice(need: Need, isRefused: Boolean, actions: NeedActions, other: @Composable () -> Unit = {}) {
    val text = when (need) {
        Need.LOCATION -> if (isRefused) R.string.permission_location_refused else R.string.permission_location
        Need.NEARBY -> if (isRefused) R.string.permission_nearby_refused else R.string.permission_nearby
        Need.LOCATION_SWITCH -> R.string.permission_location_switch
    }
    Notice(NoticeKind.INFO, stringResource(text)) {
        ButtonRow {
            when {
                need == Need.LOCATION_SWITCH ->
                    MainButton(stringResource(R.string.permission_turn_on), actions.onOpenLocation)
                isRefused -> MainButton(stringResource(R.string.permission_settings), actions.onOpenSettings)
                else -> MainButton(stringResource(R.string.permission_allow), actions.onAllow)
            }
            other()
        }
    }
}
