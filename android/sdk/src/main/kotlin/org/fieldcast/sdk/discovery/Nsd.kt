package org.fieldcast.sdk.discovery

import kotlinx.coroutines.flow.Flow
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.RemoteService

/** A discovery report of the system. It contains only the name of a service; other data must be requested. */
internal sealed interface Sighting {
    val name: String

    data class Seen(override val name: String) : Sighting

    data class Gone(override val name: String) : Sighting
}

/** Android's service discovery. Failures are port errors. */
internal interface Nsd {
    /** Announces a service until cancelled. */
    suspend fun announce(service: LocalService): Nothing

    /** The services of this kind that appear and disappear. */
    fun search(kind: String): Flow<Sighting>

    /** The other data of a service; none if the system does not find it or is busy. */
    suspend fun resolve(kind: String, name: String): RemoteService?
}
