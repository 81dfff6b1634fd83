package org.fieldcast.sdk

import java.io.File
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
 * One device's Fieldcast: everything of [FieldcastInterface], and what makes it at home among coroutines.
 *
 * No call blocks its thread, so each may be made from the main one; cancelling the coroutine drops the work. Keep one per
 * process, and [shutDown] it before opening another in the same folder.
 */
class Fieldcast private constructor(private val core: Core, private val router: Router) : FieldcastInterface by core {
    private val ending = Once()

    /** What runs beside it until it is shut down. */
    internal val lifetime = SupervisorJob()

    /** What happens, as it happens. A collector that falls behind misses the oldest events and slows nothing. */
    val events: SharedFlow<Event> get() = router.events

    /** Starts downloading leaf boundaries, given by code; over mobile data only if that is allowed. */
    suspend fun downsync(project: Project, boundaries: List<String>, allowMetered: Boolean = false): Downsync =
        router.starting { Downsync(core.startDownsync(project, boundaries, allowMetered), router) }

    /** Offers these datasets to the receivers near by until [Offering.stop]. */
    suspend fun offer(datasets: List<Dataset>, options: ExchangeOptions = exchangeOptions()): Offering =
        router.starting { Offering(core.startOffer(datasets, options), router) }

    /** Waits for distributors until [Receiving.stop]. */
    suspend fun receive(options: ExchangeOptions = exchangeOptions()): Receiving =
        router.starting { Receiving(core.startReceive(options), router) }

    /** [offer] for as long as [block] runs; the receivers are told when it ends, however it ends. */
    suspend fun <T> offering(
        datasets: List<Dataset>,
        options: ExchangeOptions = exchangeOptions(),
        block: suspend (Offering) -> T,
    ): T {
        val offering = offer(datasets, options)
        try {
            return block(offering)
        } finally {
            withContext(NonCancellable) { offering.stop() }
        }
    }

    /** [receive] for as long as [block] runs; the distributor is told when it ends, however it ends. */
    suspend fun <T> receiving(options: ExchangeOptions = exchangeOptions(), block: suspend (Receiving) -> T): T {
        val receiving = receive(options)
        try {
            return block(receiving)
        } finally {
            withContext(NonCancellable) { receiving.stop() }
        }
    }

    /** In a Wi-Fi group of this phone's for as long as [block] runs; it is left when that ends, however it ends. */
    suspend fun <T> hosting(group: WifiGroup? = null, block: suspend (JoinedGroup) -> T): T =
        leaving { block(makeGroup(group)) }

    /** In another phone's Wi-Fi group for as long as [block] runs; it is left when that ends, however it ends. */
    suspend fun <T> joined(group: WifiGroup, block: suspend (JoinedGroup) -> T): T = leaving { block(joinGroup(group)) }

    private suspend fun <T> leaving(block: suspend () -> T): T {
        val result = try {
            block()
        } catch (error: Throwable) {
            // What went wrong first is what counts.
            withContext(NonCancellable) { runCatching { leaveGroup() }.exceptionOrNull()?.let(error::addSuppressed) }
            throw error
        }
        withContext(NonCancellable) { leaveGroup() }
        return result
    }

    /** Every record that fits, read a page at a time as they are collected. */
    fun allRecords(query: RecordQuery): Flow<StoredRecord> = flow {
        var page = query
        do {
            val records = core.records(page)
            records.forEach { emit(it) }
            page = page.copy(offset = page.offset + records.size.toULong())
        } while (records.size.toUInt() == query.limit && records.isNotEmpty())
    }

    /** Ends all jobs and sessions, tells the other sides, and closes everything. Nothing can be asked afterwards. */
    override suspend fun shutDown() = ending.run {
        lifetime.cancel()
        core.shutDown() // and not closed: what is asked afterwards is answered by an error of Fieldcast's
    }

    companion object {
        /**
         * Opens Fieldcast in its folder, made on first use: `File(context.noBackupFilesDir, "fieldcast")`, for a device key
         * that is restored on another phone would make two phones one. [ports] is what the phone does for it.
         * [newIdentity] makes a new device key in the place of a missing or copied one: only when the user has said so.
         */
        suspend fun open(
            dataDir: File,
            deviceName: String? = null,
            allowHttp: Boolean = false,
            newIdentity: Boolean = false,
            workers: Int = 2,
            ports: PlatformPorts = PlatformPorts(),
        ): Fieldcast {
            val router = Router()
            val settings = OpenSettings(dataDir.path, deviceName, allowHttp, newIdentity, workers.toUByte())
            return Fieldcast(Core.open(settings, ports, router), router)
        }
    }
}

/** How an exchange behaves; the defaults are right but for tests and unusual networks. */
fun exchangeOptions(
    network: String? = null,
    port: Int = 0,
    pinned: List<String> = emptyList(),
    trustEverybody: Boolean = false,
    reserve: Long = 64L shl 20,
): ExchangeOptions = ExchangeOptions(
    `interface` = network,
    port = port.toUShort(),
    pinned = pinned,
    trustEverybody = trustEverybody,
    reserve = reserve.toULong(),
)
