package org.fieldcast.sdk

/** What the person has to be asked for, besides what installing grants. */
internal object Permissions {
    private const val ANDROID_13 = 33
    private const val ANDROID_17 = 37

    /**
     * Without these no group is made or joined and nobody is found. [level] is the one the app runs at: of the phone's
     * Android, or the app's target if that is lower.
     */
    fun forNearby(level: Int): List<String> = when {
        // Android 12 gives the fine one only to those who ask for both.
        level < ANDROID_13 -> listOf(COARSE, "android.permission.ACCESS_FINE_LOCATION")
        level < ANDROID_17 -> listOf(NEARBY)
        else -> listOf(NEARBY, "android.permission.ACCESS_LOCAL_NETWORK")
    }

    /** Without this a transfer goes on, but its notification is not seen. */
    fun forNotification(level: Int): List<String> =
        if (level < ANDROID_13) emptyList() else listOf("android.permission.POST_NOTIFICATIONS")

    /** Whether the location switch must be on, too. */
    fun needsLocationOn(level: Int): Boolean = level < ANDROID_13

    private const val COARSE = "android.permission.ACCESS_COARSE_LOCATION"
    private const val NEARBY = "android.permission.NEARBY_WIFI_DEVICES"
}
