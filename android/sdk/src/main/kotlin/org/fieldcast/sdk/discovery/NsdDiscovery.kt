package org.fieldcast.sdk.discovery

import java.util.concurrent.ConcurrentHashMap
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withTimeoutOrNull
import org.fieldcast.sdk.core.LocalService
import org.fieldcast.sdk.core.PeerDiscovery
import org.fieldcast.sdk.core.PeerDiscoverySink
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.RemoteService

/**
 * Announces and discovers with Android's own service discovery, which resolves one service at a time and sometimes
 * never answers.
 */
internal class NsdDiscovery(private val nsd: Nsd, private val scope: CoroutineScope) : PeerDiscovery {
    private val searches = ConcurrentHashMap<ULong, Job>()
    private val turn = Mutex()

    override fun start(search: ULong, service: LocalService, sightings: PeerDiscoverySink) {
        searches[search] = scope.launch {
            sightings.use {
                launch { again { nsd.announce(service) } }
                again { find(service.kind, it) }
            }
        }
    }

    override fun stop(search: ULong) {
        searches.remove(search)?.cancel()
    }

    /**
     * Wi-Fi may be off, or the system's service may have crashed. The announcement and the search fail separately, and
     * each is retried.
     */
    private suspend fun again(work: suspend () -> Unit) {
        while (true) {
            try {
                work()
            } catch (_: PortException) {
                // The engine's own mDNS continues in the meantime.
            }
            delay(AGAIN_AFTER)
        }
    }

    private suspend fun find(kind: String, sink: PeerDiscoverySink) = coroutineScope {
        val seen = mutableMapOf<String, Job>()
        try {
            nsd.search(kind).collect { event ->
                seen.remove(event.name)?.cancel()
                when (event) {
                    is DiscoveryEvent.Lost -> sink.lost(event.name)
                    is DiscoveryEvent.Found ->
                        seen[event.name] = launch { resolve(kind, event.name)?.let(sink::found) }
                }
            }
        } finally {
            seen.values.forEach(Job::cancel)
            seen.keys.forEach(sink::lost) // their disappearance will not be reported
        }
    }

    private suspend fun resolve(kind: String, name: String): RemoteService? {
        repeat(RESOLVE_ATTEMPTS) {
            turn.withLock { withTimeoutOrNull(ANSWERS_WITHIN) { nsd.resolve(kind, name) } }?.let { return it }
            delay(RESOLVE_AFTER)
        }
        return null
    }

    private companion object {
        val AGAIN_AFTER = 5.seconds
        val ANSWERS_WITHIN = 5.seconds
        val RESOLVE_AFTER = 1.seconds
        const val RESOLVE_ATTEMPTS = 5
    }
}
