package org.fieldcast.app.state

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.launch
import org.fieldcast.app.MainActivity
import org.fieldcast.app.R
import org.fieldcast.app.ui.Formats
import org.fieldcast.app.ui.Place
import org.fieldcast.app.ui.receiverTextId
import org.fieldcast.app.ui.textId
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.Received

/**
 * Tells by notifications what the user should know while the app is not on the screen: a question that waits, and how
 * downloads and transfers ended. A notification leads to its screen, and disappears when that is seen.
 */
class Messages(private val context: Context, private val state: AppState) {
    private val manager = checkNotNull(context.getSystemService(NotificationManager::class.java))

    private enum class Message(val channel: String, val place: Place) {
        DOWNLOAD(RESULTS, Place.DOWNLOAD),
        SENT(RESULTS, Place.SEND),
        RECEIVED(RESULTS, Place.RECEIVE),
        QUESTION(QUESTIONS, Place.RECEIVE),
        ;

        val id: Int get() = FIRST_ID + ordinal
    }

    private data class Content(val title: String, val text: String? = null)

    /** Tells for as long as [scope] lives. */
    fun followIn(scope: CoroutineScope) {
        createChannel(RESULTS, R.string.message_channel_results)
        createChannel(QUESTIONS, R.string.message_channel_questions)
        scope.launch {
            // What a killed process has told is no longer true.
            state.download.state.first { it is DownloadState.Running }
            manager.cancel(Message.DOWNLOAD.id)
        }
        scope.launch { follow(Message.DOWNLOAD, state.download.state.map(::downloaded)) }
        scope.launch { follow(Message.SENT, state.send.result.map(::sent)) }
        scope.launch { follow(Message.RECEIVED, state.receive.result.map(::received)) }
        scope.launch { follow(Message.QUESTION, state.receive.status.map { asked(it.question) }) }
    }

    /** With the importance by which Android makes a sound. */
    private fun createChannel(id: String, name: Int) = manager.createNotificationChannel(
        NotificationChannel(id, context.getString(name), NotificationManager.IMPORTANCE_DEFAULT),
    )

    private suspend fun follow(message: Message, contents: Flow<Content?>) {
        var last: Content? = null
        var isTold = false
        combine(contents.distinctUntilChanged(), state.shown.place, ::Pair).collect { (content, seen) ->
            val isNew = content != last
            when {
                seen == message.place || isNew && content == null -> manager.cancel(message.id)
                seen == null && content != null && (isNew || !isTold) -> tell(message, content)
            }
            last = content
            // A question still waits when the user leaves the app without an answer.
            isTold = message != Message.QUESTION || seen == null
        }
    }

    private fun tell(message: Message, content: Content) = manager.notify(
        message.id,
        Notification.Builder(context, message.channel)
            .setSmallIcon(R.drawable.ic_launcher_foreground)
            .setContentTitle(content.title)
            .setContentText(content.text)
            .setStyle(content.text?.let { Notification.BigTextStyle().bigText(it) })
            .setAutoCancel(true)
            .setContentIntent(MainActivity.leadingTo(context, message.place))
            .build(),
    )

    private fun downloaded(download: DownloadState): Content? = when (download) {
        is DownloadState.Done -> Content(context.getString(R.string.message_download_done))
        is DownloadState.Failed -> stopped(download.error.textId)
        is DownloadState.MeteredOnly ->
            Content(context.getString(R.string.message_download_wifi), context.getString(R.string.download_metered))
        is DownloadState.Running, is DownloadState.WaitingForInternet, DownloadState.Off -> null
    }

    private fun stopped(reason: Int) =
        Content(context.getString(R.string.message_download_stopped), context.getString(reason))

    private fun sent(result: SendResult?): Content? = result?.let {
        val formats = Formats(context)
        val (total, done) = formats.count(it.total.toLong()) to formats.count(it.upToDate.toLong())
        Content(context.resources.getQuantityString(R.plurals.send_up_to_date, it.total, total, done))
    }

    private fun received(result: ReceiveEnd?): Content? = when (result) {
        is ReceiveEnd.Saved -> Content(context.getString(R.string.message_saved), saved(result.received))
        is ReceiveEnd.Failed ->
            Content(context.getString(R.string.message_not_saved), context.getString(result.reason.receiverTextId))
        null -> null
    }

    private fun saved(received: Received): String {
        val villages = received.offer.villages
        val households = villages.sumOf { it.households }
        return plural(R.plurals.receive_saved, households.toLong(), plural(R.plurals.villages, villages.size.toLong()))
    }

    private fun plural(id: Int, number: Long, vararg more: Any): String = context.resources.getQuantityString(
        id, minOf(number, Int.MAX_VALUE.toLong()).toInt(), Formats(context).count(number), *more,
    )

    private fun asked(question: Question?): Content? =
        question?.let { Content(context.getString(R.string.notification_asked, it.sender.name)) }

    private val ReceiveStatus.question: Question? get() = (this as? ReceiveStatus.On)?.receiving?.question

    private companion object {
        const val RESULTS = "results"
        const val QUESTIONS = "questions"

        /** Beside the number of the transfer's notification. */
        const val FIRST_ID = 1
    }
}
