package org.fieldcast.app.pictures

import org.fieldcast.app.ui.settings.Library
import org.fieldcast.app.ui.settings.LicencesScreen
import org.fieldcast.app.ui.settings.RenameScreen
import org.fieldcast.app.ui.settings.SettingsActions
import org.fieldcast.app.ui.settings.SettingsScreen
import org.fieldcast.app.ui.settings.SettingsUiState
import org.fieldcast.app.ui.settings.Source
import org.fieldcast.app.ui.settings.StoredVillagesActions
import org.fieldcast.app.ui.settings.StoredVillagesScreen
import org.fieldcast.app.ui.settings.VillageData
import org.fieldcast.sdk.core.Account
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.StorageInfo

private const val TODAY = 1_795_702_800_000L

private val actions = SettingsActions({}, {}, {}, {}, {}, {}, {}, {}, {})

private val rows = listOf(
    VillageData(
        Dataset("mz", "project-1", "a"), "Kibera A", 164, 3_900_000, listOf(Source(null, null, TODAY - 2 * DAY)), false,
    ),
    VillageData(
        Dataset("mz", "project-1", "b"), "Kibera B", 131, 3_100_000,
        listOf(Source("Asha", null, TODAY - 2 * DAY), Source("Moussa", "Asha", TODAY - 9 * DAY)), true,
    ),
    VillageData(Dataset("mz", "project-1", "c"), "Kibera C", 1, 24_000, listOf(Source("Fatou", null, 0)), false),
)

private val open = SettingsUiState(
    deviceName = "Asha",
    engineError = null,
    isIdle = true,
    account = Account("https://campaign.example.org", "mz", "asha", listOf("DISTRIBUTOR")),
    storage = StorageInfo(11_400_000_000u, 14_000_000u),
    villages = rows,
    appVersion = "0.1.0",
    hasLanguagePage = true,
)

private val villagesActions = StoredVillagesActions({}, {}, {})

val settingsPictures: List<Picture> = listOf(
    Picture("settings") { SettingsScreen(open, null, actions) },
    Picture("settings-busy") {
        SettingsScreen(open.copy(isIdle = false, account = null, villages = emptyList(), hasLanguagePage = false), null, actions)
    },
    Picture("settings-opening") { SettingsScreen(open.copy(deviceName = null), null, actions) },
    Picture("settings-key-lost") {
        SettingsScreen(open.copy(deviceName = null, engineError = FieldcastException.KeyFailed("")), null, actions)
    },
    Picture("settings-failed") { SettingsScreen(open, FieldcastException.StorageFailed(""), actions) },
    Picture("settings-rename") { RenameScreen("Asha", {}, {}) },
    Picture("settings-villages") { StoredVillagesScreen(rows, null, null, TODAY, villagesActions) },
    Picture("settings-villages-unsent") { StoredVillagesScreen(rows, 2, null, TODAY, villagesActions) },
    Picture("settings-villages-empty") { StoredVillagesScreen(emptyList(), null, null, TODAY, villagesActions) },
    Picture("settings-licences") {
        LicencesScreen(listOf(Library("Jetpack Compose with Material 3", "Apache-2.0"), Library("rusqlite", "MIT")), {})
    },
)
