package org.fieldcast.sdk

/** The permissions to request from the user, in addition to the install-time ones. */
internal object Permissions {
    private const val ANDROID_13 = 33
    private const val ANDROID_17 = 37

    /**
     * Required to make or join groups and to discover devices. [level] is the API level of the app: the phone's level,
     * or the app's target level if that is lower.
     */
    fun forNearby(level: Int): List<String> = when {
        // Android 12 grants fine location only if the app requests both.
        level < ANDROID_13 -> listOf(COARSE, "android.permission.ACCESS_FINE_LOCATION")
        level < ANDROID_17 -> listOf(NEARBY)
        else -> listOf(NEARBY, "android.permission.ACCESS_LOCAL_NETWORK")
    }

    /** Required to show the notification. Without it a transfer still runs. */
    fun forNotification(level: Int): List<String> =
        if (level < ANDROID_13) emptyList() else listOf("android.permission.POST_NOTIFICATIONS")

    /** Whether location must also be turned on. */
    fun needsLocationOn(level: Int): Boolean = level < ANDROID_13

    private const val COARSE = "android.permission.ACCESS_COARSE_LOCATION"
    private const val NEARBY = "android.permission.NEARBY_WIFI_DEVICES"
}
