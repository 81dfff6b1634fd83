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
 * Makes and joins groups. Handles "busy" answers, groups of earlier processes, and accepted requests without a result.
 * Its errors say what the user can do: grant a permission ([PortException.Denied]), else something with Wi-Fi
 * ([PortException.Unavailable]).
 */
internal class DirectLink(
    private val radio: Radio,
    private val last: LastGroup,
    private val scope: CoroutineScope,
) : WifiLink {
    private val turn = Mutex()

    @Volatile private var watch: Job? = null

    override suspend fun makeGroup(group: WifiGroup, changes: GroupChanges): String =
        // Try any band first: the system knows which bands are allowed here. Every phone can make and join a group at
        // 2.4 GHz.
        begin(Entry(group, isOwner = true, MAKE_WAITS) { radio.make(group, if (it) Band.LOW else Band.ANY) }, changes)

    override suspend fun joinGroup(group: WifiGroup, changes: GroupChanges): String =
        begin(Entry(group, isOwner = false, JOIN_WAITS) { radio.join(group) }, changes)

    override suspend fun leaveGroup() = alone {
        leaveOurs()
        radio.release()
    }

    /** Ends a group of an earlier process, if that needs no permission request. */
    suspend fun cleanUp() = turn.withLock {
        if (watch == null && last.name != null && obstacle() == null) {
            leaveOurs()
            radio.release()
        }
    }

    private suspend fun begin(entry: Entry, changes: GroupChanges): String = alone {
        enter(entry).also { watch = scope.launch { monitor(entry, it, changes) } }
    }

    /** Runs [work] exclusively, after the previous group is no longer watched. */
    private suspend fun <T> alone(work: suspend () -> T): T {
        watch?.cancel() // otherwise this call waits while the watch enters its group again
        return turn.withLock {
            watch?.cancelAndJoin()
            watch = null
            work()
        }
    }

    /** Reports when the group is lost, and enters it again. */
    private suspend fun monitor(entry: Entry, first: String, changes: GroupChanges) = changes.use {
        var reported: String? = first
        radio.changes().conflate().collect {
            var now = try {
                turn.withLock { entry.address(group()) }
            } catch (_: PortException) {
                return@collect // unknown state: the next change is another chance
            }
            if (now == null) {
                if (reported != null) changes.lost()
                reported = null
                now = turn.withLock { again(entry) }
            }
            if (now != null && now != reported) changes.here(now)
            reported = now
        }
    }

    /** Wi-Fi may be off, or the other phone out of range. The next change is another chance. */
    private suspend fun again(entry: Entry): String? = try {
        appears(entry) ?: enter(entry)
    } catch (_: PortException) {
        null
    }

    private suspend fun enter(entry: Entry): String {
        obstacle()?.let { throw it }
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
            // A request may be refused because the group already exists, so look for the group once.
            val appeared = if (refusal == null) appears(entry) else present(entry)
            if (appeared != null) return appeared
            obstacle()?.let { throw it }
            if (refusal == null) abandon(entry.isOwner)
            hasFailed = hasFailed || refusal != Refusal.BUSY
        }
        throw PortException.Unavailable(
            when {
                refusal == Refusal.BUSY -> "Wi-Fi is busy: turn off hotspot, casting and sharing, or restart Wi-Fi"
                entry.isOwner -> "the group could not be made: turn Wi-Fi off and on again"
                else -> "the group was not found: move closer to the phone that made it, then scan its invite again"
            },
        )
    }

    /** Waits until an accepted group exists. */
    private suspend fun appears(entry: Entry): String? {
        repeat(APPEARS_WITHIN_LOOKS) {
            delay(LOOK_EVERY)
            present(entry)?.let { return it }
        }
        return null
    }

    private suspend fun present(entry: Entry): String? = entry.address(seen())

    /** Ends an existing group, if this app made or joined it. */
    private suspend fun clear() {
        leaveOurs()
        if (group() != null) {
            throw PortException.Unavailable("another app has a Wi-Fi Direct group: end the group in that app first")
        }
        // Without an answer, the next request is refused as busy, and repeated.
        withTimeoutOrNull(ANSWERS_WITHIN) { radio.quiet() }
    }

    /** Ends a failed attempt, which would block the next one. */
    private suspend fun abandon(isOwner: Boolean) {
        if (!isOwner) ask { radio.cancelJoin() }
        val now = seen()
        if (now?.name == last.name || now == null && isOwner) ask { radio.leave() }
    }

    /** Gives up. A group that still appears later has a stored name, so the next attempt ends it. */
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
        throw PortException.Unavailable("the Wi-Fi group does not end: turn Wi-Fi off and on again")
    }

    /** The current group, if known. No answer counts as no group here, because more attempts follow. */
    private suspend fun seen(): RadioGroup? = try {
        group()
    } catch (_: PortException) {
        null
    }

    private suspend fun group(): RadioGroup? = answer { radio.group() }

    private suspend fun obstacle(): PortException? = answer { radio.obstacle() }

    /** The system's answer, which may be null. A missing answer is an error: the system sometimes never answers. */
    private suspend fun <T> answer(question: suspend () -> T?): T? {
        var answer: T? = null
        withTimeoutOrNull(ANSWERS_WITHIN) {
            answer = question()
            true
        } ?: throw PortException.Unavailable("Wi-Fi does not answer: turn it off and on again")
        return answer
    }

    /** Sends a request with a time limit. */
    private suspend fun ask(request: suspend () -> Refusal?): Refusal? {
        var refusal: Refusal? = Refusal.FAILED
        withTimeoutOrNull(ANSWERS_WITHIN) { refusal = request() }
        return refusal
    }

    /** The way to enter a group. */
    private class Entry(
        val group: WifiGroup,
        val isOwner: Boolean,
        val waits: List<Duration>,
        /** Sends one request to the system. `hasFailed` is whether an earlier attempt failed. */
        val request: suspend (hasFailed: Boolean) -> Refusal?,
    ) {
        /** This phone's address, if [now] is the group that was entered. */
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
