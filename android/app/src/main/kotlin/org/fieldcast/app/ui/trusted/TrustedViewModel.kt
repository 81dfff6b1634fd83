package org.fieldcast.app.ui.trusted

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asStateFlow
import org.fieldcast.app.state.AppState
import org.fieldcast.app.ui.EngineViewModel
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.core.CampaignStatement
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.TrustedCampaign
import org.fieldcast.sdk.core.TrustedPeer
import org.fieldcast.sdk.core.readStatement

/** Reads whom this phone trusts, and forgets it. */
class TrustedViewModel(app: AppState) : EngineViewModel(app) {
    private val current = MutableStateFlow<TrustedUiState?>(null)
    private val asked = MutableStateFlow<Forgetting?>(null)
    private val toAdd = MutableStateFlow<Adding?>(null)

    /** None until it was read. */
    val state: StateFlow<TrustedUiState?> = current.asStateFlow()

    /** The phone about which the user is asked. */
    val forgetting: StateFlow<Forgetting?> = asked.asStateFlow()

    /** What the user adds; none if nothing. */
    val adding: StateFlow<Adding?> = toAdd.asStateFlow()

    init {
        act(::read)
    }

    /** Asks whether to forget a phone. */
    fun askToForget(phone: TrustedPeer) {
        asked.value = Forgetting(phone, null)
        act { fieldcast ->
            val data = fieldcast.datasetsOf(phone.fingerprint)
            asked.compareAndSet(Forgetting(phone, null), Forgetting(phone, data))
        }
    }

    fun cancel() {
        asked.value = null
    }

    /** Forgets the phone about which the user was asked, with the data that came from it if [withData]. */
    fun forget(withData: Boolean) {
        val (phone, data) = asked.value ?: return
        asked.value = null
        act { fieldcast ->
            try {
                fieldcast.forgetPeer(phone.fingerprint)
                if (withData) remove(fieldcast, data.orEmpty())
            } finally {
                // Also if a village with unsent edits stays.
                app.villages.refresh()
                read(fieldcast)
            }
        }
    }

    fun forgetCampaign(campaign: TrustedCampaign) = act { fieldcast ->
        fieldcast.forgetCampaign(campaign.key)
        read(fieldcast)
    }

    /** Starts to scan a code of a campaign office. */
    fun scan() {
        toAdd.value = Adding.Scanning()
    }

    fun stopAdding() {
        toAdd.value = null
    }

    fun onScanned(code: String) = act { fieldcast ->
        toAdd.value = read(code, Reader(fieldcast.device().fingerprint, fieldcast.campaigns(), app.phone.now()))
    }

    fun trust(campaign: Adding.Campaign, name: String) = act { fieldcast ->
        fieldcast.trustCampaign(campaign.key, name)
        toAdd.value = null
        read(fieldcast)
    }

    /** Stores a permission or a list of blocked phones. */
    fun keep(adding: Adding) = act { fieldcast ->
        val statement = when (adding) {
            is Adding.Permit -> adding.statement
            is Adding.BlockedPhones -> adding.statement
            is Adding.Scanning, is Adding.Campaign -> return@act
        }
        toAdd.value = try {
            fieldcast.keepStatement(statement)
            null
        } catch (_: FieldcastException.NotTrusted) {
            // Everything else about it was checked when it was read.
            Adding.Scanning(Adding.Problem.OUTDATED)
        }
        read(fieldcast)
    }

    /** Removes as many as possible, then reports the first that has unsent edits. */
    private suspend fun remove(fieldcast: Fieldcast, data: List<SnapshotSummary>) {
        var kept: FieldcastException.UnsentEdits? = null
        for (village in data) {
            try {
                fieldcast.remove(village.dataset)
            } catch (error: FieldcastException.UnsentEdits) {
                kept = kept ?: error
            }
        }
        kept?.let { throw it }
    }

    private suspend fun read(fieldcast: Fieldcast) {
        val statements = fieldcast.heldGrants().mapNotNull(::statement)
        current.value = uiState(fieldcast.trustedPeers(), fieldcast.campaigns(), statements, app.phone.now())
    }

    private fun statement(text: String): CampaignStatement? = try {
        readStatement(text)
    } catch (_: FieldcastException) {
        null // written by a newer version
    }
}
