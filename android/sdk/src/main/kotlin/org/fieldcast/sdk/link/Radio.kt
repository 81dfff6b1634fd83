package org.fieldcast.sdk.link

import kotlinx.coroutines.flow.Flow
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup

/** The group the phone is in, as far as the system tells. */
internal data class RadioGroup(
    val name: String,
    /** Whether this phone made it. */
    val isOwner: Boolean,
    /** This phone's address in it; it comes a while after the group. */
    val address: String?,
)

/** Why the system does not even begin what it was asked for. */
internal enum class Refusal { BUSY, FAILED, UNSUPPORTED }

/** The band a group is made in. */
internal enum class Band { ANY, LOW }

/** Wi-Fi Direct, as Android has it: every request is only accepted or not, and what came of it has to be looked up. */
internal interface Radio {
    /** What keeps it from being used: a permission, a switch; none if it can be. */
    suspend fun obstacle(): PortException?

    /** The group the phone is in, whoever began it. */
    suspend fun group(): RadioGroup?

    /** Something has changed: Wi-Fi itself, or the group. What it was has to be looked up. */
    fun changes(): Flow<Unit>

    /** Ends searches and announcements of this app, which make the rest busy. */
    suspend fun quiet()

    /** Makes this group. */
    suspend fun make(group: WifiGroup, band: Band): Refusal?

    /** Joins this group, by name and passphrase, so that nobody is asked on the other phone. */
    suspend fun join(group: WifiGroup): Refusal?

    /** Joins no more. */
    suspend fun cancelJoin(): Refusal?

    /** Leaves the group; for its owner that ends it. */
    suspend fun leave(): Refusal?

    /** Lets go of the system's channel; the next request opens another. */
    fun release()
}

/** The name of the group that was made or joined last. It outlives the process, as a group does. */
internal interface LastGroup {
    /** None once it was left. */
    var name: String?
}
