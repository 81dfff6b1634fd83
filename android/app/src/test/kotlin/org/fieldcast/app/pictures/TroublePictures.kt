package org.fieldcast.app.pictures

import org.fieldcast.app.ui.trouble.DataCheck
import org.fieldcast.app.ui.trouble.DiagnosticsInput
import org.fieldcast.app.ui.trouble.DiagnosticsScreen
import org.fieldcast.app.ui.trouble.PhoneFacts
import org.fieldcast.app.ui.trouble.TroubleActions
import org.fieldcast.app.ui.trouble.TroubleScreen
import org.fieldcast.app.ui.trouble.diagnostics
import org.fieldcast.app.ui.trouble.uiState
import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.Checked
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Finding

private val actions = TroubleActions({}, {}, {}, {}, {}, {})

private val healthy = Checked.entries.map { Check(it, Finding.OK, "", "") }
private val broken = Checked.entries.map { checked ->
    Check(checked, if (checked == Checked.INTERFACES) Finding.OK else Finding.PROBLEM, "", "")
}

private val everythingWrong = PhoneFacts(
    missingPermissions = listOf("android.permission.NEARBY_WIFI_DEVICES"),
    missingNotification = listOf("android.permission.POST_NOTIFICATIONS"),
    isWifiOn = false,
    isAirplaneModeOn = true,
    isHotspotOn = true,
    isLocationOn = false,
    isVpnOn = true,
    isBatterySaverOn = true,
    isBatteryOptimized = true,
)

private val report = diagnostics(
    DiagnosticsInput(
        "0.1.0", "15", 35, "Acme One", 1_795_702_800_000L, "lusab-babad", null, PhoneFacts(), healthy, null, emptyList(),
    ),
)

val troublePictures: List<Picture> = listOf(
    Picture("trouble-looking") { TroubleScreen(null, actions) },
    Picture("trouble-checking") { TroubleScreen(uiState(PhoneFacts(), null, DataCheck.Off, null), actions) },
    Picture("trouble-fine") { TroubleScreen(uiState(PhoneFacts(), healthy, DataCheck.Off, null), actions) },
    Picture("trouble-problems") { TroubleScreen(uiState(everythingWrong, healthy, DataCheck.Off, null), actions) },
    Picture("trouble-broken") {
        val error = FieldcastException.KeyFailed("")
        TroubleScreen(uiState(PhoneFacts(), broken, DataCheck.Failed(FieldcastException.StorageFailed("")), error), actions)
    },
    Picture("trouble-data-running") { TroubleScreen(uiState(PhoneFacts(), healthy, DataCheck.Running(2, 3), null), actions) },
    Picture("trouble-data-fine") {
        TroubleScreen(uiState(PhoneFacts(), healthy, DataCheck.Done(7_416u, 0u, 0u), null), actions)
    },
    Picture("trouble-data-damaged") {
        TroubleScreen(uiState(PhoneFacts(), healthy, DataCheck.Done(7_412u, 2u, 4u), null), actions)
    },
    Picture("trouble-report") { DiagnosticsScreen(report, {}, {}) },
)
