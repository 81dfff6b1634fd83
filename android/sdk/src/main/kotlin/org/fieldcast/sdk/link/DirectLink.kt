package org.fieldcast.sdk.link

import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.conflate
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.fieldcast.sdk.core.GroupChanges
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup
import org.fieldcast.sdk.core.WifiLink

/**
 * Makes and joins groups in spite of "busy", of groups that outlived their process, and of requests that were accepted and
 * forgotten.
 */
internal class DirectLink(
    private val radio: Radio,
    private val last: LastGroup,
    private val scope: CoroutineScope,
) : WifiLink {
    private val turn = Mutex()

    @Volatile private var watch: Job? = null

    override suspend fun makeGroup(group: WifiGroup, changes: GroupChanges): String =
        // Any band first: the system knows what is allowed here. At 2.4 GHz every phone can make a group, and join one.
        begin(Entry(group, isOwner = true, MAKE_WAITS) { radio.make(group, if (it) Band.LOW else Band.ANY) }, changes)

    override suspend fun joinGroup(group: WifiGroup, changes: GroupChanges): String =
        begin(Entry(group, isOwner = false, JOIN_WAITS) { radio.join(group) }, changes)

    override suspend fun leaveGroup() = alone {
        leaveOurs()
        radio.release()
    }

    /** Ends a group that an earlier process left behind, if that can be done without asking anybody. */
    suspend fun cleanUp() = turn.withLock {
        if (watch == null && last.name != null && radio.obstacle() == null) {
            leaveOurs()
            radio.release()
        }
    }

    private suspend fun begin(entry: Entry, changes: GroupChanges): String = alone {
        enter(entry).also { watch = scope.launch { follow(entry, it, changes) } }
    }

    /** Does this when nothing else goes on, and the group before is followed no more. */
    private suspend fun <T> alone(work: suspend () -> T): T {
        watch?.cancel() // or it would be waited for while it enters its group again
        return turn.withLock {
            watch?.cancelAndJoin()
            watch = null
            work()
        }
    }

    /** Tells when the group is lost, and enters it again. */
    private suspend fun follow(entry: Entry, first: String, changes: GroupChanges) = changes.use {
        var told: String? = first
        radio.changes().conflate().collect {
            var now = try {
                turn.withLock { entry.address(group()) }
            } catch (_: PortException) {
                return@collect // nobody knows: whatever changes next is another chance
            }
            if (now == null) {
                if (told != null) changes.lost()
                told = null
                now = turn.withLock { again(entry) }
            }
            if (now != null && now != told) changes.here(now)
            told = now
        }
    }

    /** Wi-Fi may be off, and the other phone away: whatever changes next is another chance. */
    private suspend fun again(entry: Entry): String? = try {
        appears(entry) ?: enter(entry)
    } catch (_: PortException) {
        null
    }

    private suspend fun enter(entry: Entry): String {
        radio.obstacle()?.let { throw it }
        present(entry)?.let { return it }
        clear()
        last.name = entry.group.name
        var address: String? = null
        try {
            address = attempts(entry)
            return address
        } finally {
            if (address == null) withContext(NonCancellable) { giveUp(entry.isOwner) }
        }
    }

    private suspend fun attempts(entry: Entry): String {
        var refusal: Refusal? = null
        var hasFailed = false
        for (attempt in 0..entry.waits.size) {
            if (attempt > 0) delay(entry.waits[attempt - 1])
            if (attempt == NEW_CHANNEL_AT) radio.release()
            refusal = ask { entry.request(hasFailed) }
            if (refusal == Refusal.UNSUPPORTED) throw PortException.Unavailable("this phone has no Wi-Fi Direct")
            // A group that is refused because it is there already is looked for once, too.
            val appeared = if (refusal == null) appears(entry) else present(entry)
            if (appeared != null) return appeared
            radio.obstacle()?.let { throw it }
            if (refusal == null) abandon(entry.isOwner)
            hasFailed = hasFailed || refusal != Refusal.BUSY
        }
        throw PortException.Unavailable(
            when {
                refusal == Refusal.BUSY -> "Wi-Fi is busy: turn off hotspot, casting and sharing, or Wi-Fi off and on again"
                entry.isOwner -> "the group could not be made: turn Wi-Fi off and on again"
                else -> "the group was not found: go closer to the phone that made it, and read its invite again"
            },
        )
    }

    /** Waits for a group that was accepted to be there. */
    private suspend fun appears(entry: Entry): String? {
        repeat(APPEARS_WITHIN_LOOKS) {
            delay(LOOK_EVERY)
            present(entry)?.let { return it }
        }
        return null
    }

    private suspend fun present(entry: Entry): String? = entry.address(seen())

    /** Ends what would be in the way, if it is ours. */
    private suspend fun clear() {
        leaveOurs()
        if (group() != null) {
            throw PortException.Unavailable("another app has a Wi-Fi Direct group open: end it there first")
        }
        radio.quiet()
    }

    /** What was begun and came to nothing would be in the way of the next attempt. */
    private suspend fun abandon(isOwner: Boolean) {
        if (!isOwner) ask { radio.cancelJoin() }
        val now = seen()
        if (now?.name == last.name || now == null && isOwner) ask { radio.leave() }
    }

    /** What may still come of it is known as ours, and ended the next time. */
    private suspend fun giveUp(isOwner: Boolean) {
        abandon(isOwner)
        radio.release()
    }

    private suspend fun leaveOurs() {
        val ours = last.name ?: return
        repeat(LEAVE_ATTEMPTS) {
            if (group()?.name == ours) ask { radio.leave() }
            if (group()?.name != ours) {
                last.name = null
                return
            }
            delay(LOOK_EVERY)
        }
        throw PortException.Failed("the system does not end the group: turn Wi-Fi off and on again")
    }

    /** The group as far as it is seen: while attempts go on, no answer is one that comes later. */
    private suspend fun seen(): RadioGroup? = try {
        group()
    } catch (_: PortException) {
        null
    }

    /** The group there is; that nobody answers does not mean that there is none. */
    private suspend fun group(): RadioGroup? {
        var now: RadioGroup? = null
        withTimeoutOrNull(ANSWERS_WITHIN) {
            now = radio.group()
            true
        } ?: throw PortException.Failed("Wi-Fi does not answer: turn it off and on again")
        return now
    }

    /** The system sometimes never answers. */
    private suspend fun ask(request: suspend () -> Refusal?): Refusal? {
        var refusal: Refusal? = Refusal.FAILED
        withTimeoutOrNull(ANSWERS_WITHIN) { refusal = request() }
        return refusal
    }

    /** How a group is entered. */
    private class Entry(
        val group: WifiGroup,
        val isOwner: Boolean,
        val waits: List<Duration>,
        /** Asks the system once; it is told whether an attempt before came to nothing. */
        val request: suspend (hasFailed: Boolean) -> Refusal?,
    ) {
        /** This phone's address, if this is the group that was entered. */
        fun address(now: RadioGroup?): String? =
            now?.address?.takeIf { now.name == group.name && now.isOwner == isOwner }
    }

    private companion object {
        val MAKE_WAITS = listOf(1, 2, 4, 8, 8).map { it.seconds }
        val JOIN_WAITS = List(4) { 2.seconds }
        val LOOK_EVERY = 1.seconds
        const val APPEARS_WITHIN_LOOKS = 15
        val ANSWERS_WITHIN = 5.seconds
        const val NEW_CHANNEL_AT = 2
        const val LEAVE_ATTEMPTS = 5
    }
}
