package org.fieldcast.app.state

import android.content.Context
import kotlinx.coroutines.CoroutineScope
import org.fieldcast.app.Phone

/** Everything that lives as long as the process: the engine and what it does at the moment. */
class AppState(val context: Context, val phone: Phone, val scope: CoroutineScope) {
    val engine = EngineOwner(phone, scope)
    val villages = StoredVillages(engine, scope)
    val download = DownloadController(engine, phone, WantedDownload(context), DownloadSchedule(context), scope)
    val notifications = NotificationConsent(context)
    val shown = ShownScreen()
    val sharedKeys = SharedKeys(engine, scope)
    private val exchange = ExchangeSlot(scope)
    val send = SendController(engine, phone, exchange, scope)
    val receive = ReceiveController(engine, phone, exchange, scope)

    init {
        TransferNotification(context, this).followIn(scope)
        Messages(context, this).followIn(scope)
    }
}
