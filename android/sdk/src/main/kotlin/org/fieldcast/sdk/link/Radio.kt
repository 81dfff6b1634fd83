package org.fieldcast.sdk.link

import kotlinx.coroutines.flow.Flow
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup

/** The phone's current group, as far as the system reports it. */
internal data class RadioGroup(
    val name: String,
    /** Whether this phone made it. */
    val isOwner: Boolean,
    /** This phone's address in the group. It is available some time after the group. */
    val address: String?,
)

/** Why the system does not start a request. */
internal enum class Refusal { BUSY, FAILED, UNSUPPORTED }

/** The band of a new group. */
internal enum class Band { ANY, LOW }

/** Android's Wi-Fi Direct. A request is only accepted or refused; its result must be queried. */
internal interface Radio {
    /** The reason why Wi-Fi Direct cannot be used, such as a missing permission or a switch; none if it can. */
    suspend fun obstacle(): PortException?

    /** The phone's current group, whichever app started it. */
    suspend fun group(): RadioGroup?

    /** Emits after each change of Wi-Fi or of the group. The change itself must be queried. */
    fun changes(): Flow<Unit>

    /** Ends this app's searches and announcements, which make Wi-Fi Direct busy. */
    suspend fun quiet()

    /** Makes this group. */
    suspend fun make(group: WifiGroup, band: Band): Refusal?

    /** Joins this group by name and passphrase, so that the other phone shows no question. */
    suspend fun join(group: WifiGroup): Refusal?

    /** Cancels joining. */
    suspend fun cancelJoin(): Refusal?

    /** Leaves the group. If this phone made it, the group ends. */
    suspend fun leave(): Refusal?

    /** Releases the system's channel. The next request opens a new one. */
    fun release()
}

/** The name of the group that was made or joined last. It is kept after the process ends, as the group is. */
internal interface LastGroup {
    /** None after the group was left. */
    var name: String?
}
