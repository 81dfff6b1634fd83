package org.fieldcast.sdk.link

import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import org.fieldcast.sdk.core.GroupChanges
import org.fieldcast.sdk.core.NoHandle
import org.fieldcast.sdk.core.PortException
import org.fieldcast.sdk.core.WifiGroup

/** Simulates Android's Wi-Fi Direct: records each request, and answers as the script says. */
internal class FakeRadio(
    /** The phone's address in a group that it makes, or joins. */
    private val madeAddress: String = "10.0.0.1",
    private val joinedAddress: String = "10.0.0.2",
    private val now: () -> Long,
) : Radio {
    /** The requests, each with its second. */
    val asked = mutableListOf<String>()
    val refusals = ArrayDeque<Refusal?>()
    var obstacle: PortException? = null
    var group: RadioGroup? = null

    /** Seconds until an accepted group exists; never if none. */
    var appearsAfter: Long? = 1
    var leaveWorks = true
    var isSilent = false

    /** Whether no question is ever answered. */
    var isDeaf = false

    /** Whether the system hides the current group. */
    var isHidden = false
    val changes = MutableSharedFlow<Unit>()
    private var coming: Pair<Long, RadioGroup>? = null

    override suspend fun obstacle(): PortException? {
        if (isDeaf) awaitCancellation()
        return obstacle
    }

    override fun changes(): Flow<Unit> = changes

    override suspend fun group(): RadioGroup? {
        if (isDeaf) awaitCancellation()
        coming?.let { (at, group) ->
            if (now() >= at) {
                this.group = group
                coming = null
            }
        }
        if (isHidden && group != null) throw PortException.Unavailable("the system hides the Wi-Fi group")
        return group
    }

    override suspend fun quiet() {
        note("quiet")
        if (isSilent) awaitCancellation()
    }

    override suspend fun make(group: WifiGroup, band: Band): Refusal? =
        begin("make $band", RadioGroup(group.name, true, madeAddress))

    override suspend fun join(group: WifiGroup): Refusal? =
        begin("join", RadioGroup(group.name, false, joinedAddress))

    override suspend fun cancelJoin(): Refusal? {
        note("cancel")
        coming = null
        return null
    }

    override suspend fun leave(): Refusal? {
        note("leave")
        if (!leaveWorks) return Refusal.BUSY
        coming = null
        group = null
        return null
    }

    override fun release() = note("release")

    private suspend fun begin(what: String, group: RadioGroup): Refusal? {
        note(what)
        if (isSilent) awaitCancellation()
        val refusal = refusals.removeFirstOrNull()
        if (refusal == null) coming = appearsAfter?.let { now() + it to group }
        return refusal
    }

    private fun note(what: String) {
        asked += "${now()} $what"
    }
}

internal class InMemoryLastGroup(override var name: String? = null) : LastGroup

/** The reports about a group. */
internal class RecordingChanges : GroupChanges(NoHandle) {
    val reports = mutableListOf<String>()

    override fun here(address: String) {
        reports += address
    }

    override fun lost() {
        reports += "lost"
    }

    override fun close() {
        reports += "no more"
    }
}
