package org.fieldcast.app.ui.trouble

import androidx.annotation.StringRes
import org.fieldcast.app.R

@get:StringRes
internal val Topic.titleId: Int
    get() = when (this) {
        Topic.PERMISSIONS -> R.string.trouble_permissions
        Topic.WIFI -> R.string.trouble_wifi
        Topic.AIRPLANE_MODE -> R.string.trouble_airplane
        Topic.HOTSPOT -> R.string.trouble_hotspot
        Topic.LOCATION -> R.string.trouble_location
        Topic.VPN -> R.string.trouble_vpn
        Topic.BATTERY_SAVER -> R.string.trouble_saver
        Topic.BATTERY_OPTIMIZATION -> R.string.trouble_background
        Topic.NOTIFICATION -> R.string.trouble_notification
        Topic.SPACE -> R.string.trouble_space
        Topic.CLOCK -> R.string.trouble_clock
        Topic.NETWORK -> R.string.trouble_network
        Topic.DISCOVERY -> R.string.trouble_discovery
        Topic.CONNECTION -> R.string.trouble_connection
        Topic.FOLDER -> R.string.trouble_folder
        Topic.KEY -> R.string.trouble_key
        Topic.DATABASE -> R.string.trouble_database
    }

@get:StringRes
internal val Topic.okId: Int
    get() = when (this) {
        Topic.PERMISSIONS -> R.string.trouble_permissions_ok
        Topic.WIFI -> R.string.trouble_wifi_ok
        Topic.AIRPLANE_MODE -> R.string.trouble_airplane_ok
        Topic.HOTSPOT -> R.string.trouble_hotspot_ok
        Topic.LOCATION -> R.string.trouble_location_ok
        Topic.VPN -> R.string.trouble_vpn_ok
        Topic.BATTERY_SAVER -> R.string.trouble_saver_ok
        Topic.BATTERY_OPTIMIZATION -> R.string.trouble_background_ok
        Topic.NOTIFICATION -> R.string.trouble_notification_ok
        Topic.SPACE -> R.string.trouble_space_ok
        Topic.CLOCK -> R.string.trouble_clock_ok
        Topic.NETWORK -> R.string.trouble_network_ok
        Topic.DISCOVERY -> R.string.trouble_discovery_ok
        Topic.CONNECTION -> R.string.trouble_connection_ok
        Topic.FOLDER -> R.string.trouble_folder_ok
        Topic.KEY -> R.string.trouble_key_ok
        Topic.DATABASE -> R.string.trouble_database_ok
    }

@get:StringRes
internal val Topic.problemId: Int
    get() = when (this) {
        Topic.PERMISSIONS -> R.string.trouble_permissions_problem
        Topic.WIFI -> R.string.trouble_wifi_problem
        Topic.AIRPLANE_MODE -> R.string.trouble_airplane_problem
        Topic.HOTSPOT -> R.string.trouble_hotspot_problem
        Topic.LOCATION -> R.string.trouble_location_problem
        Topic.VPN -> R.string.trouble_vpn_problem
        Topic.BATTERY_SAVER -> R.string.trouble_saver_problem
        Topic.BATTERY_OPTIMIZATION -> R.string.trouble_background_problem
        Topic.NOTIFICATION -> R.string.trouble_notification_problem
        Topic.SPACE -> R.string.trouble_space_problem
        Topic.CLOCK -> R.string.trouble_clock_problem
        Topic.NETWORK -> R.string.trouble_network_problem
        Topic.DISCOVERY -> R.string.trouble_discovery_problem
        Topic.CONNECTION -> R.string.trouble_connection_problem
        Topic.FOLDER -> R.string.trouble_folder_problem
        Topic.KEY -> R.string.trouble_key_problem
        Topic.DATABASE -> R.string.trouble_database_problem
    }

@get:StringRes
internal val Remedy.textId: Int
    get() = when (this) {
        Remedy.ASK_PERMISSIONS -> R.string.trouble_remedy_permissions
        Remedy.ASK_NOTIFICATION -> R.string.trouble_remedy_notification
        Remedy.WIFI -> R.string.trouble_remedy_wifi
        Remedy.AIRPLANE_MODE -> R.string.trouble_remedy_airplane
        Remedy.HOTSPOT -> R.string.trouble_remedy_hotspot
        Remedy.LOCATION -> R.string.trouble_remedy_location
        Remedy.VPN -> R.string.trouble_remedy_vpn
        Remedy.BATTERY_SAVER -> R.string.trouble_remedy_saver
        Remedy.BATTERY_OPTIMIZATION -> R.string.trouble_remedy_background
        Remedy.SPACE -> R.string.trouble_remedy_space
        Remedy.CLOCK -> R.string.trouble_remedy_clock
    }
