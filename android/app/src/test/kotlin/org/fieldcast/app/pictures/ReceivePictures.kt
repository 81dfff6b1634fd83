package org.fieldcast.app.pictures

import androidx.compose.runtime.Composable
import org.fieldcast.app.ui.parts.CameraNeeded
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.app.ui.parts.NeedActions
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.app.ui.parts.TypedCode
import org.fieldcast.app.ui.receive.Identity
import org.fieldcast.app.ui.receive.NearbyDistributor
import org.fieldcast.app.ui.receive.OfferContents
import org.fieldcast.app.ui.receive.OpenQuestion
import org.fieldcast.app.ui.receive.OwnPhone
import org.fieldcast.app.ui.receive.QuestionCard
import org.fieldcast.app.ui.receive.ReceiveActions
import org.fieldcast.app.ui.receive.ReceivePhase
import org.fieldcast.app.ui.receive.ReceiveResult
import org.fieldcast.app.ui.receive.ReceiveScreen
import org.fieldcast.app.ui.receive.ReceiveUiState
import org.fieldcast.app.ui.receive.ReceiveView
import org.fieldcast.app.ui.receive.Resumed
import org.fieldcast.app.ui.receive.Transfer
import org.fieldcast.sdk.core.DialState
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Event.SharedKey
import org.fieldcast.sdk.core.FieldcastException

private val actions = ReceiveActions(
    {}, {}, {}, {}, {}, {}, { _, _ -> }, {}, {}, {}, {}, {}, NeedActions({}, {}, {}), NotificationActions({}, {}), {},
)

private val own = OwnPhone("Fatou", "gutih-tugad")

private fun state(phase: ReceivePhase) = ReceiveUiState(true, own, phase)

private fun state(view: ReceiveView) = state(ReceivePhase.On(view))

private val contents =
    OfferContents(listOf("Bed nets 2026"), listOf("Kibera A", "Kibera B", "Mathare"), 412uL, 4_100_000uL, NOW)

private val question = OpenQuestion(1u, "Asha", "lusab-babad", Identity.UNKNOWN, "123 456", contents, listOf("Asha", "Moussa"))

private val manyVillages = contents.copy(villages = List(60) { "Kibera ${it + 1}" }, households = 8_240uL)

private val result = ReceiveResult(412uL, 3, 0uL, emptyList(), emptyList())

private val distributors =
    listOf(NearbyDistributor("1", "Asha", "lusab-babad"), NearbyDistributor("2", "Moussa", "mudof-sakat"))

@Composable
private fun Receive(state: ReceiveUiState, isRefused: Boolean = false) = ReceiveScreen(state, NOW, actions, isRefused)

/** The screens that receive. */
val receivePictures: List<Picture> = listOf(
    Picture("receive-off") { Receive(state(ReceivePhase.Off).copy(isAllowed = false)) },
    Picture("receive-sending") { Receive(state(ReceivePhase.Sending)) },
    Picture("receive-nearby") { Receive(state(ReceivePhase.Needs(Need.NEARBY))) },
    Picture("receive-joining") { Receive(state(ReceivePhase.Starting(isByInvite = true))) },
    Picture("receive-failed") { Receive(state(ReceivePhase.Failed(FieldcastException.NoNetwork(""), false))) },
    Picture("receive-code-failed") { Receive(state(ReceivePhase.Failed(FieldcastException.Expired(""), true))) },
    Picture("receive-searching") { Receive(state(ReceiveView())) },
    Picture("receive-too-old") { Receive(state(ReceiveView()).copy(isTooOld = true)) },
    Picture("receive-senders") { Receive(state(ReceiveView(distributors = distributors))) },
    Picture("receive-offline") { Receive(state(ReceiveView(isOffline = true))) },
    Picture("receive-connecting") {
        val dial = DialState.Retrying(Ending(EndReason.UNREACHABLE, null, ""))
        Receive(state(ReceiveView(dial = dial, isByInvite = true)))
    },
    Picture("receive-question") { QuestionCard(question, NOW, {}) {} },
    Picture("receive-question-trusted") {
        QuestionCard(question.copy(identity = Identity.TRUSTED, contents = manyVillages), NOW, {}) {}
    },
    Picture("receive-question-scanned") { QuestionCard(question.copy(identity = Identity.SCANNED), NOW, {}) {} },
    Picture("receive-receiving") { Receive(state(ReceiveView(transfer = Transfer(false, 0.41f, 1_200_000.0, 95)))) },
    Picture("receive-resumed") {
        val resumed = Resumed("Asha", "lusab-babad", "123 456")
        Receive(state(ReceiveView(transfer = Transfer(false, 0.41f), resumed = resumed)))
    },
    Picture("receive-saving") { Receive(state(ReceiveView(transfer = Transfer(true, 1f)))) },
    Picture("receive-saved") { Receive(state(ReceiveView(result = result))) },
    Picture("receive-saved-kept") {
        val kept = result.copy(keptNewer = 3uL, ahead = listOf("Kibera A"), conflicts = listOf("Mathare"))
        Receive(state(ReceiveView(result = kept)).copy(conflicts = 2))
    },
    Picture("receive-ended") { Receive(state(ReceiveView(ended = EndReason.LOST))) },
    Picture("receive-shared-key") {
        Receive(state(ReceiveView()).copy(sharedKeys = listOf(SharedKey(1u, "2", true, listOf("Moussa")))))
    },
    Picture("receive-scan") {
        ReceiveScreen(state(ReceiveView()).copy(isScanning = true), NOW, actions) {
            CameraNeeded(isRefused = false) {}
            TypedCode {}
        }
    },
)
