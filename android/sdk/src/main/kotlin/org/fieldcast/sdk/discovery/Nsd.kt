package org.fieldcast.sdk.discovery

import kotlinx.coroutines.flow.Flow
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.RemoteService

/** A discovery report of the system. It contains only the name of a service; other data must be requested. */
internal sealed interface DiscoveryEvent {
    val name: String

    data class Found(override val name: String) : DiscoveryEvent

    data class Lost(override val name: String) : DiscoveryEvent
}

/** Android's service discovery. Failures are port errors. */
internal interface Nsd {
    /** Announces a service until cancelled. */
    suspend fun announce(service: LocalService): Nothing

    /** The services of this kind that appear and disappear. */
    fun search(kind: String): Flow<DiscoveryEvent>

    /** The other data of a service; none if the system does not find it or is busy. */
    suspend fun resolve(kind: String, name: String): RemoteService?
}
