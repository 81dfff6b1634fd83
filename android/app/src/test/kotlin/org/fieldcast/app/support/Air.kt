package org.fieldcast.app.support

import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.PeerDiscovery
import org.fieldcast.sdk.core.PeerDiscoverySink
import org.fieldcast.sdk.core.RemoteService

/**
 * The Wi-Fi of some phones: shows each one that is visible to the others at once. Other phones reach it through its
 * [Relay]. Nothing of it leaves this process, so that other tests of the same machine do not appear in it.
 */
class Air {
    private val antennas = mutableListOf<Antenna>()

    /** The part of one phone. */
    fun antenna(): Antenna = Antenna(this).also { synchronized(this) { antennas += it } }

    /** One phone in the [Air]. */
    class Antenna(private val air: Air) : PeerDiscovery {
        private val visible = LinkedHashMap<ULong, Visible>()

        private class Visible(val service: LocalService, val sink: PeerDiscoverySink, val relay: Relay) {
            fun remote() = RemoteService(service.name, service.txt, listOf("127.0.0.1"), relay.port.toUShort())
        }

        /** What stands between this phone and the phones that connect to it. */
        val relay: Relay get() = synchronized(air) { visible.values.last().relay }

        private fun others() = air.antennas.filter { it !== this }.flatMap { it.visible.values }

        override fun start(search: ULong, service: LocalService, sightings: PeerDiscoverySink) = synchronized(air) {
            val mine = Visible(service, sightings, Relay(service.port.toInt()))
            visible[search] = mine
            for (other in others()) {
                other.sink.found(mine.remote())
                mine.sink.found(other.remote())
            }
        }

        override fun stop(search: ULong): Unit = synchronized(air) {
            visible.remove(search)?.let { mine ->
                others().forEach { it.sink.lost(mine.service.name) }
                mine.sink.close()
                mine.relay.close()
            }
        }
    }
}
