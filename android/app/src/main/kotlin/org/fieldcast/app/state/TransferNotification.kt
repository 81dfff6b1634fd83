package org.fieldcast.app.state

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.FlowPreview
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.map
import kotlinx.coroutines.flow.sample
import kotlinx.coroutines.launch
import org.fieldcast.app.MainActivity
import org.fieldcast.app.R
import org.fieldcast.app.ui.Place
import org.fieldcast.sdk.android.TransferService
import org.fieldcast.sdk.core.ReceiveState

/** Keeps the process running while data moves, and shows what it does. */
class TransferNotification(private val context: Context, private val state: AppState) {
    private val manager = checkNotNull(context.getSystemService(NotificationManager::class.java))
    private var shown = Shown.NOT

    private enum class Shown { NOT, BY_SERVICE, ALONE }

    /** Shows and updates the notification for as long as [scope] lives. */
    @OptIn(ExperimentalCoroutinesApi::class, FlowPreview::class)
    fun followIn(scope: CoroutineScope) {
        val name = context.getString(R.string.notification_channel)
        manager.createNotificationChannel(NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW))
        scope.launch {
            val contents = combine(state.download.state, state.send.status, state.receive.status, ::content)
                .distinctUntilChanged()
                .sample(UPDATE_MILLIS) // Android drops more frequent updates
            val visibility = state.shown.place.map { it != null }.distinctUntilChanged()
            combine(contents, state.download.isInJob, visibility, ::Triple).collectLatest { (content, isInJob, isVisible) ->
                show(content, isInJob)
                // The system can take a moment to notice that the app is on the screen.
                while (content != null && isVisible && shown != Shown.BY_SERVICE) {
                    delay(UPDATE_MILLIS)
                    show(content, isInJob)
                }
            }
        }
    }

    /** Shows it with the service, else, while a job keeps the process, without. */
    private fun show(content: Content?, isInJob: Boolean) {
        val before = shown
        shown = when {
            content == null -> Shown.NOT
            before == Shown.BY_SERVICE -> Shown.BY_SERVICE.also { notify(notification(content)) }
            startService(content) -> Shown.BY_SERVICE
            // The process may end before it removes the notification.
            isInJob -> Shown.ALONE.also { notify(notification(content).setTimeoutAfter(LONGEST_JOB_MILLIS)) }
            else -> Shown.NOT
        }
        if (shown == Shown.NOT && before == Shown.BY_SERVICE) TransferService.stop()
        if (shown == Shown.NOT && before == Shown.ALONE) manager.cancel(TransferService.NOTIFICATION)
    }

    private fun notify(notification: Notification.Builder) =
        manager.notify(TransferService.NOTIFICATION, notification.build())

    /** Returns whether the system allows it: only while the app is on the screen, from Android 12 on. */
    private fun startService(content: Content): Boolean = try {
        TransferService.start(context, notification(content).build())
        true
    } catch (_: IllegalStateException) {
        false // tried again with other content, and when the app comes on the screen
    }

    private fun notification(content: Content): Notification.Builder =
        Notification.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.ic_launcher_foreground)
            .setContentTitle(content.title)
            .setContentText(content.text)
            .setOnlyAlertOnce(true)
            .setOngoing(true)
            .setContentIntent(MainActivity.leadingTo(context, content.place))
            .apply { if (content.percent != null) setProgress(100, content.percent, false) }

    /** What the notification says. */
    private data class Content(val place: Place, val title: String, val text: String?, val percent: Int? = null)

    private fun content(download: DownloadState, send: SendStatus, receive: ReceiveStatus): Content? = when {
        download is DownloadState.Running -> {
            val done = download.villages.done
            val total = download.request.villages.size
            val text = context.resources.getQuantityString(R.plurals.notification_villages, total, done, total)
            val title = context.getString(R.string.notification_downloading)
            Content(Place.DOWNLOAD, title, text, done * 100 / maxOf(total, 1))
        }
        download is DownloadState.WaitingForInternet -> Content(
            Place.DOWNLOAD,
            context.getString(R.string.notification_downloading),
            context.getString(R.string.notification_waiting),
        )
        send is SendStatus.Starting -> Content(Place.SEND, context.getString(R.string.notification_sending), null)
        send is SendStatus.On -> sending(send)
        receive is ReceiveStatus.On -> receiving(receive)
        else -> null
    }

    private fun sending(send: SendStatus.On): Content {
        val selected = send.receivers.filter { it.nearby.state.isSelected }
        val done = selected.count { it.nearby.state.isFinal }
        val total = selected.size
        val text = context.resources.getQuantityString(R.plurals.notification_phones, total, done, total)
        val title = context.getString(R.string.notification_sending)
        return Content(Place.SEND, title, text.takeIf { selected.isNotEmpty() })
    }

    private fun receiving(receive: ReceiveStatus.On): Content = when (val now = receive.receiving.state) {
        is ReceiveState.Asking -> {
            val sender = receive.receiving.question?.sender?.name
            val title = sender?.let { context.getString(R.string.notification_asked, it) }
            Content(Place.RECEIVE, title ?: context.getString(R.string.notification_receiving), null)
        }
        is ReceiveState.Receiving -> {
            val percent = (now.progress.staged * 100u / maxOf(now.progress.total, 1u)).toInt()
            Content(Place.RECEIVE, context.getString(R.string.notification_receiving), null, percent)
        }
        else -> Content(Place.RECEIVE, context.getString(R.string.notification_visible), null)
    }

    private companion object {
        const val CHANNEL = "transfer"
        const val UPDATE_MILLIS = 1_000L

        /** For as long the system lets a job run. */
        const val LONGEST_JOB_MILLIS = 600_000L
    }
}
