/** The code blocks of docs/sdk-kotlin.md, between the marks. A test in core/xtask compares the two. */
package org.fieldcast.sdk.docs

import android.app.Activity
import android.app.Application
import android.app.Notification
import android.app.NotificationChannel
import android.app.NotificationManager
import android.content.Context
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.launch
import org.fieldcast.sdk.Fieldcast
import org.fieldcast.sdk.Offering
import org.fieldcast.sdk.Receiving
import org.fieldcast.sdk.advice
import org.fieldcast.sdk.android.FieldcastAndroid
import org.fieldcast.sdk.android.TransferService
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.Question
import org.fieldcast.sdk.core.Received
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.parseInvite
import org.fieldcast.sdk.core.qrMatrix

// snippet: open
class FieldApp : Application() {
    private val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
    private val opening = scope.async { FieldcastAndroid.open(this@FieldApp) }

    suspend fun fieldcast(): Fieldcast = opening.await()
}
// end

// snippet: permissions
fun askForPermissions(activity: Activity) {
    val missing = FieldcastAndroid.missingPermissions(activity) +
        FieldcastAndroid.missingNotificationPermission(activity)
    if (missing.isNotEmpty()) activity.requestPermissions(missing.toTypedArray(), 1)
}
// end

// snippet: service
fun transferBegins(context: Context) {
    val channel = NotificationChannel("transfer", "Transfers", NotificationManager.IMPORTANCE_LOW)
    context.getSystemService(NotificationManager::class.java)?.createNotificationChannel(channel)
    val notification = Notification.Builder(context, "transfer")
        .setSmallIcon(android.R.drawable.stat_sys_upload)
        .setContentTitle("Passing on data")
        .build()
    TransferService.start(context, notification)
}

fun transferEnds() = TransferService.stop()
// end

// snippet: download
suspend fun download(fieldcast: Fieldcast, server: String, user: String, password: String): List<Dataset> {
    fieldcast.login(server, "mz", user, password)
    val project = fieldcast.chooseProject(fieldcast.projects().first().id) // or let the user select one
    val villages = fieldcast.boundaries(project).filter { it.leaf }.map { it.code }
    fieldcast.downsync(project, villages.take(2)).use { downsync ->
        val report = downsync.await() // a screen shows downsync.boundaries during the download
        check(report.failed.isEmpty()) { "downloaded data is kept: download again to continue" }
    }
    return fieldcast.datasets().map { it.summary.dataset }
}
// end

// snippet: send
suspend fun send(
    fieldcast: Fieldcast,
    datasets: List<Dataset>,
    pick: suspend (Offering) -> String,
    isSame: suspend (NearbyReceiver) -> Boolean,
    options: ExchangeOptions = ExchangeOptions(),
): SendState = fieldcast.offering(datasets, options) { offering ->
    val receiver = pick(offering) // a screen shows offering.receivers
    offering.sendTo(receiver)
    offering.receivers.mapNotNull { all ->
        val now = all.find { it.peer.fingerprint == receiver } ?: return@mapNotNull null
        if (now.code != null) offering.answer(receiver, if (isSame(now)) Answer.TRUST else Answer.CODES_DIFFER)
        now.state.takeIf { it is SendState.Saved || it is SendState.Failed }
    }.first()
}
// end

// snippet: receive
suspend fun receive(
    fieldcast: Fieldcast,
    ask: suspend (Question) -> Answer,
    options: ExchangeOptions = ExchangeOptions(),
): Received = fieldcast.receiving(options) { receiving ->
    receiving.status.mapNotNull { now ->
        now.question?.let { receiving.answer(it, ask(it)) } // shows the sender's name, the offer and the code
        now.saved.firstOrNull()
    }.first()
}
// end

// snippet: group
suspend fun offerInGroup(fieldcast: Fieldcast, datasets: List<Dataset>, show: suspend (Offering, QrCode) -> Unit) {
    fieldcast.hosting { made ->
        fieldcast.offering(datasets, ExchangeOptions(network = made.`interface`.name)) { offering ->
            val tenMinutes = System.currentTimeMillis() + 10 * 60 * 1000
            val code = qrMatrix(offering.invite(made.group, tenMinutes))
            show(offering, QrCode(code.width.toInt(), code.dark))
        }
    }
}

class QrCode(val width: Int, val dark: List<Boolean>)

suspend fun receiveByInvite(fieldcast: Fieldcast, scanned: String, show: suspend (Receiving) -> Unit) {
    suspend fun receive(network: String?) = fieldcast.receiving(ExchangeOptions(network = network)) { receiving ->
        receiving.dialInvite(scanned)
        show(receiving)
    }
    val group = parseInvite(scanned, System.currentTimeMillis()).group
    if (group != null) fieldcast.joined(group) { receive(it.`interface`.name) } else receive(null)
}
// end

// snippet: errors
fun <T> CoroutineScope.showing(show: (String) -> Unit, toLogin: () -> Unit, work: suspend () -> T) = launch {
    try {
        work()
    } catch (_: FieldcastException.LoginNeeded) {
        toLogin()
    } catch (error: FieldcastException) {
        show(error.advice) // English text; better: your own text for each error type
    }
}
// end

// snippet: many
suspend fun sendToAll(offering: Offering, receivers: List<String>): List<NearbyReceiver> {
    receivers.forEach(offering::sendTo) // eight at a time; the others wait in a queue
    offering.finished()
    return offering.receivers.value
}
// end
