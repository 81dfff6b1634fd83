package org.fieldcast.sdk

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.Event
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastInterface
import org.fieldcast.sdk.core.JoinedGroup
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.Project
import org.fieldcast.sdk.core.RecordQuery
import org.fieldcast.sdk.core.StoredRecord
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.core.Fieldcast as Core

/**
 * Fieldcast on one device: all functions of [FieldcastInterface], plus an API for coroutines.
 *
 * No call blocks its thread, so all calls are safe on the main thread. Cancelling the coroutine drops the work. Keep
 * one instance per process, and call [shutDown] before you open another in the same folder.
 */
class Fieldcast private constructor(private val core: Core, private val router: Router) : FieldcastInterface by core {
    private val ending = Once()

    /** Parent of the jobs that run until the shutdown. */
    internal val lifetime = SupervisorJob()

    /** All events as they happen. A collector that is too slow misses the oldest events and blocks nothing. */
    val events: SharedFlow<Event> get() = router.events

    /** Starts to download the leaf boundaries with these codes. Uses mobile data only if [allowMetered] is set. */
    suspend fun downsync(project: Project, boundaries: List<String>, allowMetered: Boolean = false): Downsync =
        router.starting { Downsync(core.startDownsync(project, boundaries, allowMetered), router) }

    /** Offers these datasets to nearby receivers until [Offering.stop]. */
    suspend fun offer(datasets: List<Dataset>, options: ExchangeOptions = ExchangeOptions()): Offering =
        router.starting { Offering(core.startOffer(datasets, options), router) }

    /** Waits for distributors until [Receiving.stop]. */
    suspend fun receive(options: ExchangeOptions = ExchangeOptions()): Receiving =
        router.starting { Receiving(core.startReceive(options), router) }

    /**
     * Calls [offer] and keeps the offer while [block] runs. Notifies the receivers when [block] ends, also after an
     * error.
     */
    suspend fun <T> offering(
        datasets: List<Dataset>,
        options: ExchangeOptions = ExchangeOptions(),
        block: suspend (Offering) -> T,
    ): T {
        val offering = offer(datasets, options)
        try {
            return block(offering)
        } finally {
            withContext(NonCancellable) { offering.stop() }
        }
    }

    /**
     * Calls [receive] and keeps receiving while [block] runs. Notifies the distributor when [block] ends, also after an
     * error.
     */
    suspend fun <T> receiving(options: ExchangeOptions = ExchangeOptions(), block: suspend (Receiving) -> T): T {
        val receiving = receive(options)
        try {
            return block(receiving)
        } finally {
            withContext(NonCancellable) { receiving.stop() }
        }
    }

    /** Makes a Wi-Fi group and keeps it while [block] runs. Leaves the group when [block] ends, also after an error. */
    suspend fun <T> hosting(group: WifiGroup? = null, block: suspend (JoinedGroup) -> T): T =
        leaving { block(makeGroup(group)) }

    /**
     * Joins another phone's Wi-Fi group while [block] runs. Leaves the group when [block] ends, also after an error.
     */
    suspend fun <T> joined(group: WifiGroup, block: suspend (JoinedGroup) -> T): T = leaving { block(joinGroup(group)) }

    private suspend fun <T> leaving(block: suspend () -> T): T {
        val result = try {
            block()
        } catch (error: Throwable) {
            // The first error is the one to report.
            withContext(NonCancellable) { runCatching { leaveGroup() }.exceptionOrNull()?.let(error::addSuppressed) }
            throw error
        }
        withContext(NonCancellable) { leaveGroup() }
        return result
    }

    /** All records that match, read page by page during collection. */
    fun allRecords(query: RecordQuery): Flow<StoredRecord> = flow {
        var page = query
        do {
            val records = core.records(page)
            records.forEach { emit(it) }
            page = page.copy(offset = page.offset + records.size.toULong())
        } while (records.size.toUInt() == query.limit && records.isNotEmpty())
    }

    /**
     * Ends all jobs and sessions, notifies the other devices, and closes everything. No other call works afterwards.
     */
    override suspend fun shutDown() = ending.run {
        lifetime.cancel()
        core.shutDown() // not closed, so that later calls fail with a Fieldcast error
    }

    companion object {
        /**
         * Opens Fieldcast in its folder and creates the folder on first use. Use `File(context.noBackupFilesDir,
         * "fieldcast").path`: a device key that is restored from a backup on another phone would give two phones the
         * same identity. [ports] are the phone's services for Fieldcast.
         */
        suspend fun open(settings: OpenSettings, ports: PlatformPorts = PlatformPorts()): Fieldcast {
            val router = Router()
            return Fieldcast(Core.open(settings, ports, router), router)
        }
    }
}
