package org.fieldcast.app.ui.trouble

import org.fieldcast.sdk.core.Check
import org.fieldcast.sdk.core.Checked
import org.fieldcast.sdk.core.Finding

/** What is checked, in the order of the screen. */
enum class Topic {
    PERMISSIONS, WIFI, AIRPLANE_MODE, HOTSPOT, LOCATION, VPN, BATTERY_SAVER, BATTERY_OPTIMIZATION, NOTIFICATION,
    SPACE, CLOCK, NETWORK, DISCOVERY, CONNECTION, FOLDER, KEY, DATABASE,
}

/** How bad it is. A hint is no problem now, but can become one. */
enum class Severity { OK, HINT, PROBLEM }

/** One line of the screen. */
data class CheckRow(val topic: Topic, val severity: Severity) {
    /** What helps; none if there is nothing to do, or no button for it. */
    val remedy: Remedy? get() = if (severity == Severity.OK) null else remedyOf(topic)
}

/** What a button does against a problem. */
enum class Remedy {
    ASK_PERMISSIONS, ASK_NOTIFICATION, WIFI, AIRPLANE_MODE, HOTSPOT, LOCATION, VPN, BATTERY_SAVER, BATTERY_OPTIMIZATION,
    SPACE, CLOCK,
}

/** Derives the lines from the phone's settings and, as soon as they are there, from the checks of the engine. */
fun checkRows(phone: PhoneFacts, engine: List<Check>): List<CheckRow> = listOfNotNull(
    row(Topic.PERMISSIONS, phone.missingPermissions.isEmpty()),
    phone.isWifiOn?.let { row(Topic.WIFI, it) },
    row(Topic.AIRPLANE_MODE, !phone.isAirplaneModeOn, Severity.HINT), // Wi-Fi may be on in airplane mode
    phone.isHotspotOn?.let { row(Topic.HOTSPOT, !it, Severity.HINT) }, // other phones may use it as their Wi-Fi
    phone.isLocationOn?.let { row(Topic.LOCATION, it) },
    row(Topic.VPN, !phone.isVpnOn, Severity.HINT),
    row(Topic.BATTERY_SAVER, !phone.isBatterySaverOn, Severity.HINT),
    row(Topic.BATTERY_OPTIMIZATION, !phone.isBatteryOptimized, Severity.HINT),
    row(Topic.NOTIFICATION, phone.missingNotification.isEmpty(), Severity.HINT),
) + engineRows(engine)

private fun row(topic: Topic, isOk: Boolean, otherwise: Severity = Severity.PROBLEM) =
    CheckRow(topic, if (isOk) Severity.OK else otherwise)

private fun engineRows(checks: List<Check>): List<CheckRow> {
    val hasNetwork = checks.any { it.checked == Checked.INTERFACES && it.finding == Finding.OK }
    return checks.mapNotNull { check ->
        when (check.checked) {
            // A phone that makes a Wi-Fi Direct group needs no network before.
            Checked.INTERFACES -> CheckRow(Topic.NETWORK, if (hasNetwork) Severity.OK else Severity.HINT)
            Checked.MULTICAST -> check.row(Topic.DISCOVERY).takeIf { hasNetwork } // otherwise it was not checked
            Checked.PORT -> check.row(Topic.CONNECTION).takeIf { hasNetwork }
            Checked.DISK -> check.row(Topic.SPACE)
            Checked.CLOCK -> check.row(Topic.CLOCK)
            Checked.FOLDER -> check.row(Topic.FOLDER)
            Checked.KEY -> check.row(Topic.KEY)
            // A warning says that this app itself has it open, or that edits were lost, which the home screen shows.
            Checked.DATABASE -> check.row(Topic.DATABASE).takeIf { it.severity != Severity.HINT }
        }
    }.sortedBy { it.topic }
}

private fun Check.row(topic: Topic) = CheckRow(
    topic,
    when (finding) {
        Finding.OK -> Severity.OK
        Finding.WARNING -> Severity.HINT
        Finding.PROBLEM -> Severity.PROBLEM
    },
)

private fun remedyOf(topic: Topic): Remedy? = when (topic) {
    Topic.PERMISSIONS -> Remedy.ASK_PERMISSIONS
    Topic.NOTIFICATION -> Remedy.ASK_NOTIFICATION
    Topic.WIFI, Topic.NETWORK -> Remedy.WIFI
    Topic.AIRPLANE_MODE -> Remedy.AIRPLANE_MODE
    Topic.HOTSPOT -> Remedy.HOTSPOT
    Topic.LOCATION -> Remedy.LOCATION
    Topic.VPN -> Remedy.VPN
    Topic.BATTERY_SAVER -> Remedy.BATTERY_SAVER
    Topic.BATTERY_OPTIMIZATION -> Remedy.BATTERY_OPTIMIZATION
    Topic.SPACE -> Remedy.SPACE
    Topic.CLOCK -> Remedy.CLOCK
    Topic.DISCOVERY, Topic.CONNECTION, Topic.FOLDER, Topic.KEY, Topic.DATABASE -> null
}
