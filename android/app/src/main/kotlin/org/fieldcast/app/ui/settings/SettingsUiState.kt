package org.fieldcast.app.ui.settings

import org.fieldcast.app.state.DownloadState
import org.fieldcast.app.state.ReceiveStatus
import org.fieldcast.app.state.SendStatus
import org.fieldcast.app.state.Stored
import org.fieldcast.app.state.name
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.RecordSource
import org.fieldcast.sdk.core.StorageInfo

/** The settings. */
data class SettingsUiState(
    /** Name of this phone; none while the engine is not open. */
    val deviceName: String?,
    /** Why the engine does not open; none if it does. */
    val engineError: FieldcastException?,
    /** Whether nothing is transferred, so that the engine may be closed and opened again. */
    val isIdle: Boolean,
    val account: Account?,
    val storage: StorageInfo?,
    val villages: List<VillageData>,
    val appVersion: String,
    val hasLanguagePage: Boolean,
) {
    val isOpening: Boolean get() = deviceName == null && engineError == null
}

/** A village on this phone. */
data class VillageData(
    val dataset: Dataset,
    val name: String,
    val households: Long,
    val bytes: Long,
    val sources: List<Source>,
    val canUndo: Boolean,
)

/** Where records come from. */
data class Source(
    /** Name of the phone that sent them; none if this phone downloaded them. */
    val sender: String?,
    /** Name of the phone that downloaded them, if that is another one than the sender. */
    val downloader: String?,
    /** When they were downloaded, in milliseconds since 1970 by the server's clock; 0 if that is not known. */
    val asOf: Long,
)

/** Derives the list of villages; data of the whole project is one of them. */
fun villageData(datasets: List<DatasetStatus>): List<VillageData> = datasets.map { status ->
    val summary = status.summary
    VillageData(
        summary.dataset,
        summary.name,
        summary.households.toLong(),
        summary.jsonBytes.toLong(),
        status.sources.map(::source),
        status.canUndo,
    )
}.sortedBy { it.name }

private fun source(source: RecordSource): Source {
    val sender = source.carrier ?: source.signer
    return Source(sender, source.signer.takeIf { it != sender }, source.asOf)
}

/** Derives the screen. */
fun uiState(
    deviceName: String?,
    engineError: FieldcastException?,
    isIdle: Boolean,
    stored: Stored?,
    appVersion: String,
    hasLanguagePage: Boolean,
) = SettingsUiState(
    deviceName,
    engineError,
    isIdle,
    stored?.account,
    stored?.storage,
    villageData(stored?.datasets.orEmpty()),
    appVersion,
    hasLanguagePage,
)

/** Whether nothing is downloaded, sent or received. */
fun isIdle(download: DownloadState, send: SendStatus, receive: ReceiveStatus): Boolean =
    download !is DownloadState.Running && download !is DownloadState.WaitingForInternet &&
        download !is DownloadState.MeteredOnly && // continues by itself
        (send is SendStatus.Off || send is SendStatus.Failed) &&
        (receive is ReceiveStatus.Off || receive is ReceiveStatus.Failed)

/** A library and its licence. */
data class Library(val name: String, val licence: String)

/** Reads lines such as `rusqlite: MIT`. */
fun libraries(text: String): List<Library> = text.lineSequence().mapNotNull { line ->
    val parts = line.split(": ", limit = 2)
    if (parts.size == 2) Library(parts[0], parts[1].trim()) else null
}.distinct().toList()
