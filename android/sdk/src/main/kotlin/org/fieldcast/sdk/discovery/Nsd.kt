package org.fieldcast.sdk.discovery

import kotlinx.coroutines.flow.Flow
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.RemoteService

/** What the system tells of a service: its name. The rest has to be asked for. */
internal sealed interface Sighting {
    val name: String

    data class Seen(override val name: String) : Sighting

    data class Gone(override val name: String) : Sighting
}

/** Android's service discovery; what goes wrong comes as the port's error. */
internal interface Nsd {
    /** Announces a service until it is cancelled. */
    suspend fun announce(service: LocalService): Nothing

    /** Who of this kind comes and goes. */
    fun search(kind: String): Flow<Sighting>

    /** The rest of a service; none if the system does not find it, or is busy. */
    suspend fun resolve(kind: String, name: String): RemoteService?
}
