package org.fieldcast.app.state

import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.FlowPreview
import kotlinx.coroutines.flow.combine
import kotlinx.coroutines.flow.distinctUntilChanged
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
    private var isShown = false

    /** Shows and updates the notification for as long as [scope] lives. */
    @OptIn(FlowPreview::class)
    fun followIn(scope: CoroutineScope) {
        val name = context.getString(R.string.notification_channel)
        manager.createNotificationChannel(NotificationChannel(CHANNEL, name, NotificationManager.IMPORTANCE_LOW))
        scope.launch {
            combine(state.download.state, state.send.status, state.receive.status, ::content)
                .distinctUntilChanged()
                .sample(UPDATE_MILLIS) // Android drops more frequent updates
                .collect(::show)
        }
    }

    private fun show(content: Content?) {
        if (content == null) {
            if (isShown) TransferService.stop()
            isShown = false
            return
        }
        val notification = notification(content)
        if (isShown) {
            manager.notify(TransferService.NOTIFICATION, notification)
        } else {
            try {
                TransferService.start(context, notification)
                isShown = true
            } catch (_: IllegalStateException) {
                // The app is not on the screen, as after a restart of the process. The next update tries again.
            }
        }
    }

    private fun notification(content: Content): Notification =
        Notification.Builder(context, CHANNEL)
            .setSmallIcon(R.drawable.ic_launcher_foreground)
            .setContentTitle(content.title)
            .setContentText(content.text)
            .setOnlyAlertOnce(true)
            .setOngoing(true)
            .setContentIntent(MainActivity.leadingTo(context, content.place))
            .apply { if (content.percent != null) setProgress(100, content.percent, false) }
            .build()

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
    }
}
