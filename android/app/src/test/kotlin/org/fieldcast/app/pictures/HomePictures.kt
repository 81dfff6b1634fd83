package org.fieldcast.app.pictures

import org.fieldcast.app.state.EngineState
import org.fieldcast.app.state.Stored
import org.fieldcast.app.ui.download.DownloadSummary
import org.fieldcast.app.ui.home.HomeActions
import org.fieldcast.app.ui.home.HomeScreen
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.fieldcast.sdk.core.UnfinishedDownload

/** A village that was downloaded two days before [NOW]. */
private fun village(name: String, households: Int, unfinished: UnfinishedDownload? = null) = DatasetStatus(
    SnapshotSummary(
        Dataset("mz", "project-1", name),
        "SMC Nampula 2026, cycle 1",
        name,
        NOW - 2 * DAY,
        (households * 18).toULong(),
        households.toULong(),
        (households * 24_000).toULong(),
        "0".repeat(64),
    ),
    unfinished,
    emptyList(),
    false,
)

/** The villages of the pictures. */
private val villages = listOf(village("Muite 1", 164), village("Cunle 3", 131), village("Rapale 2", 117))

/** What is on the phone in the pictures. */
private val stored = Stored(
    Account("https://campaign.example.org", "mz", "asha", listOf("DISTRIBUTOR")),
    villages,
    StorageInfo(11_400_000_000uL, 14_000_000uL),
    emptyList(),
    emptyList(),
    null,
)

private val none = HomeActions({}, {}, {}, {}, {}, {}, {}, {}, {})

val homePictures = listOf(
    Picture("home") { HomeScreen(EngineState.Opening, stored, NOW, none) },
    Picture("home-empty") { HomeScreen(EngineState.Opening, stored.copy(datasets = emptyList()), NOW, none) },
    Picture("home-waiting") { HomeScreen(EngineState.Opening, stored, NOW, none, DownloadSummary.WaitingForWifi) },
    Picture("home-problems") {
        val unfinished = village("Namaita 1", 140, UnfinishedDownload(80uL, 140uL, 90_000uL))
        HomeScreen(EngineState.Opening, stored.copy(datasets = villages + unfinished), NOW, none)
    },
    Picture("home-failed") { HomeScreen(EngineState.Failed(FieldcastException.StorageFailed("")), null, NOW, none) },
)
