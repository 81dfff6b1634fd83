package org.fieldcast.app.pictures

import org.fieldcast.app.state.Stored
import org.fieldcast.app.ui.villages.VillageSelection
import org.fieldcast.app.ui.villages.VillageList
import org.fieldcast.app.ui.villages.VillageTree
import org.fieldcast.app.ui.villages.VillagesActions
import org.fieldcast.app.ui.villages.VillagesScreen
import org.fieldcast.app.ui.villages.uiState
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.Boundary
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.DatasetStatus
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.SnapshotSummary
import org.fieldcast.sdk.core.StorageInfo
import org.fieldcast.sdk.core.UnfinishedDownload

private fun status(village: String, asOf: Long, unfinished: UnfinishedDownload? = null) = DatasetStatus(
    SnapshotSummary(Dataset("mz", "p", village), "Nampula 2026", village, asOf, 900uL, 60uL, 900_000uL, "d"),
    unfinished,
    emptyList(),
    false,
)

private fun stored(vararg datasets: DatasetStatus, free: ULong = 3_100_000_000uL) = Stored(
    Account("https://hcm.example.org", "mz", "asha", emptyList()),
    datasets.toList(),
    StorageInfo(free, 2_000_000uL),
    emptyList(),
    emptyList(),
    null,
)

/** A country with two districts; the first has five villages. */
private val country = listOf(
    Boundary("MZ", "Nampula", "PROVINCE", null, 0u, false),
    Boundary("D1", "Erati", "DISTRICT", 0u, 1u, false),
    Boundary("D2", "Muecate", "DISTRICT", 0u, 1u, false),
) + listOf("Kibera A", "Kibera B", "Aúbe 2", "Cunle 3", "Muite 1").map { Boundary(it, it, "VILLAGE", 1u, 2u, true) } +
    List(12) { Boundary("m$it", "Mathare ${it + 1}", "VILLAGE", 2u, 2u, true) }

private val many = listOf(Boundary("D", "Erati", "DISTRICT", null, 0u, false)) +
    List(10_000) { Boundary("v$it", "Kibera ${it + 1}", "VILLAGE", 0u, 1u, true) }

private val here = stored(
    status("Kibera A", NOW - DAY),
    status("Kibera B", NOW - 20 * DAY),
    status("Aúbe 2", NOW - DAY, UnfinishedDownload(20uL, 60uL, 200_000uL)),
)
private val list = VillageList("p", "Nampula 2026", VillageTree(country))
private val noActions = VillagesActions({}, {}, {}, { _, _ -> }, {}, {}, {})

private fun picture(name: String, list: VillageList, choice: VillageSelection, stored: Stored?) =
    Picture("villages-$name") { VillagesScreen(uiState(list, choice, stored), NOW, noActions) }

/** Choosing villages. */
val villagesPictures: List<Picture> = listOf(
    picture("loading", VillageList(isLoading = true), VillageSelection(), here),
    picture("error", VillageList(error = FieldcastException.ServerFailed("")), VillageSelection(), here),
    picture("areas", list, VillageSelection("MZ", selected = setOf("Cunle 3", "Muite 1")), here),
    picture("here", list, VillageSelection("D1"), here),
    picture("selected", list, VillageSelection("D1", selected = setOf("Cunle 3", "Muite 1")), here),
    picture("size-unknown", list, VillageSelection("D1", selected = setOf("Cunle 3")), stored()),
    picture(
        "too-big",
        list,
        VillageSelection("D1", selected = setOf("Cunle 3", "Muite 1")),
        stored(status("Kibera A", NOW - DAY), free = 50_000_000uL),
    ),
    picture("search", list, VillageSelection("MZ", "aube"), here),
    picture("search-nothing", list, VillageSelection("MZ", "zzz"), here),
    picture("offline", list.copy(error = FieldcastException.Offline("")), VillageSelection("D1"), here),
    picture("many", list.copy(tree = VillageTree(many)), VillageSelection("D", selected = setOf("v1")), here),
)
