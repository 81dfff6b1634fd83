package org.fieldcast.app.pictures

import androidx.compose.runtime.Composable
import org.fieldcast.app.state.AbsentPhone
import org.fieldcast.app.state.Connection
import org.fieldcast.app.state.Rate
import org.fieldcast.app.state.Receiver
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.ui.parts.Need
import org.fieldcast.app.ui.parts.NeedActions
import org.fieldcast.app.ui.parts.NotificationActions
import org.fieldcast.app.ui.send.InviteState
import org.fieldcast.app.ui.send.SendActions
import org.fieldcast.app.ui.send.SendContents
import org.fieldcast.app.ui.send.SendInput
import org.fieldcast.app.ui.send.SendScreen
import org.fieldcast.app.ui.send.SendUiState
import org.fieldcast.app.ui.send.StopDialog
import org.fieldcast.app.ui.send.VillageChoice
import org.fieldcast.app.ui.send.VillageChoiceScreen
import org.fieldcast.app.ui.send.sendUiState
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.Ending
import org.fieldcast.sdk.core.Event.SharedKey
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.FoundBy
import org.fieldcast.sdk.core.FoundPeer
import org.fieldcast.sdk.core.MissingSpace
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.Offer
import org.fieldcast.sdk.core.QrMatrix
import org.fieldcast.sdk.core.SendProgress
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.Sent

internal val noSendActions = SendActions(
    {}, {}, {}, {}, {}, {}, {}, { _, _ -> }, {}, {}, {}, { _, _ -> }, {}, {}, NeedActions({}, {}, {}), NotificationActions({}, {}), {}, {}, {},
)

private val villages = listOf("Kibera A", "Kibera B", "Mathare").mapIndexed { index, name ->
    VillageChoice("$index", name, 120uL + index.toULong() * 17u, isChosen = true)
}

private val contents = SendContents(3, 411uL, villages)

private val progress = SendProgress(1_700_000uL, 4_100_000uL, 400_000uL)

private val words = listOf("lusab-babad", "gutih-tugad", "mudof-sakat", "gutuk-bisog", "sinid-makam")

private val announced = FoundBy(mdns = true, connected = false, invited = false, typed = false, platform = false)
private val byCode = announced.copy(connected = true, invited = true)

internal fun receiver(
    number: Int,
    name: String,
    state: SendState = SendState.Found,
    isTrusted: Boolean = false,
    code: String? = null,
    codeShown: String? = null,
    rate: Rate? = null,
    hasScanned: Boolean = false,
) = Receiver(
    NearbyReceiver(
        FoundPeer("$number", name, "192.168.49.${number % 200 + 2}:47000", if (hasScanned) byCode else announced),
        state,
        code,
    ),
    words[number % words.size],
    isTrusted,
    codeShown,
    rate,
)

internal fun on(receivers: List<Receiver>, absent: List<AbsentPhone> = emptyList(), queued: Set<String> = emptySet()) =
    SendStatus.On(
        Connection.OWN_GROUP,
        Offer(emptyList(), 4_100_000uL),
        receivers,
        absent,
        queued,
        "192.168.49.1:47000",
    )

private fun failed(reason: EndReason, space: MissingSpace? = null) =
    SendState.Failed(Ending(reason, space, ""), progress)

internal fun sendState(
    status: SendStatus,
    selected: Set<String> = emptySet(),
    need: Need? = null,
    connection: Connection = Connection.OWN_GROUP,
    isReceiving: Boolean = false,
): SendUiState =
    sendUiState(contents, status, SendInput(connection, null, selected, need = need), true, isReceiving)

private val found = listOf(
    receiver(1, "Asha", isTrusted = true),
    receiver(2, "Moussa"),
    receiver(3, "Fatou"),
)

private val absent = listOf(
    AbsentPhone("8", "Aminata", "bisog-lusab"),
    AbsentPhone("9", "João Baptista da Conceição", "makam-tugad"),
)

private val running = listOf(
    receiver(1, "Asha", SendState.Sending(progress), isTrusted = true, rate = Rate(1_200_000.0, 95)),
    receiver(2, "Moussa", SendState.Asking, code = "123 456"),
    receiver(3, "Fatou", SendState.Confirming, code = "907 015"),
    receiver(4, "Ibrahim", SendState.Applying(progress)),
    receiver(5, "Chipo", SendState.Asking, isTrusted = true, codeShown = "400 021"),
    receiver(6, "Zuri", SendState.Saved(Sent(progress, emptyList()))),
    receiver(7, "Kwame", SendState.Lost(progress)),
    receiver(10, "Nia", failed(EndReason.DECLINED)),
    receiver(11, "Late phone"),
)

private val over = List(27) { receiver(it, "Phone ${it + 1}", SendState.Saved(Sent(progress, emptyList()))) } + listOf(
    receiver(40, "Asha", failed(EndReason.NO_SPACE, MissingSpace(9_000_000uL, 2_000_000uL))),
    receiver(41, "Fatou", failed(EndReason.CODES_DIFFER)),
    receiver(42, "Moussa", failed(EndReason.UNREACHABLE)),
)

private val many = List(500) { receiver(it, "Phone ${it + 1}") }

private val matrix = QrMatrix(29uL, List(29 * 29) { (it * it / 7 + it / 29) % 3 == 0 })

@Composable
private fun Send(state: SendUiState, isRefused: Boolean = false) = SendScreen(state, noSendActions, isRefused)

/** The screens that send. */
val sendPictures: List<Picture> = listOf(
    Picture("send-loading") {
        Send(sendUiState(null, SendStatus.Off, SendInput(Connection.OWN_GROUP), true, false))
    },
    Picture("send-empty") {
        val empty = SendContents(0, 0uL, emptyList())
        Send(sendUiState(empty, SendStatus.Off, SendInput(Connection.OWN_GROUP), true, false))
    },
    Picture("send-location") { Send(sendState(SendStatus.Off, need = Need.LOCATION)) },
    Picture("send-nearby-refused") { Send(sendState(SendStatus.Off, need = Need.NEARBY), isRefused = true) },
    Picture("send-location-switch") { Send(sendState(SendStatus.Off, need = Need.LOCATION_SWITCH)) },
    Picture("send-starting") { Send(sendState(SendStatus.Starting(Connection.OWN_GROUP))) },
    Picture("send-failed") { Send(sendState(SendStatus.Failed(Connection.OWN_GROUP, FieldcastException.NoNetwork("")))) },
    Picture("send-too-many") {
        val error = FieldcastException.TooManyBoundaries(214uL, "")
        Send(sendState(SendStatus.Failed(Connection.OWN_GROUP, error)))
    },
    Picture("send-new-data") {
        Send(sendState(on(found)).run { copy(contents = contents?.copy(incomplete = 2, newer = 1)) })
    },
    Picture("send-left") {
        Send(sendState(on(found, queued = setOf("4")).copy(left = listOf(AbsentPhone("4", "Zuri", "sinid-makam")))))
    },
    Picture("send-receiving") { Send(sendState(SendStatus.Off, isReceiving = true)) },
    Picture("send-searching") { Send(sendState(on(emptyList(), absent))) },
    Picture("send-notification") { Send(sendState(on(emptyList())).copy(asksForNotification = true)) },
    Picture("send-offline") { Send(sendState(on(found).copy(address = null))) },
    Picture("send-found") { Send(sendState(on(found, absent, setOf("9")))) },
    Picture("send-selected") { Send(sendState(on(found), selected = setOf("1", "2"))) },
    Picture("send-running") { Send(sendState(on(running, absent))) },
    Picture("send-over") { Send(sendState(on(over))) },
    Picture("send-done") { Send(sendState(on(listOf(receiver(1, "Asha", SendState.Saved(Sent(progress, emptyList()))))))) },
    Picture("send-many") { Send(sendState(on(many), selected = many.map { it.fingerprint }.toSet())) },
    Picture("send-code") { Send(sendState(on(emptyList())).copy(invite = InviteState.Shown(matrix, 24))) },
    Picture("send-code-scanned") {
        val scanned = found + receiver(4, "Zuri", hasScanned = true) + receiver(5, "Kwame", hasScanned = true)
        Send(sendState(on(scanned)).copy(invite = InviteState.Shown(matrix, 24)))
    },
    Picture("send-code-failed") {
        Send(sendState(on(found)).copy(invite = InviteState.Failed(FieldcastException.NoNetwork(""))))
    },
    Picture("send-shared-key") {
        Send(sendState(on(found)).copy(sharedKeys = listOf(SharedKey(1u, "2", false, listOf("Fatou", "Moussa")))))
    },
    Picture("send-stop") { StopDialog({}) {} },
    Picture("send-villages") { VillageChoiceScreen(villages, {}, {}) },
)
