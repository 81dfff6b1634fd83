package org.fieldcast.app.state

import android.content.Context
import androidx.core.content.edit

/** What the user wants to download. */
data class DownloadRequest(
    val project: String,
    /** Codes of the villages. */
    val villages: List<String>,
    /** Whether the user allowed mobile data. */
    val allowMetered: Boolean = false,
    /** Names of the villages by code. A village without one is shown by its code. */
    val names: Map<String, String> = emptyMap(),
) {
    fun nameOf(village: String): String = names[village] ?: village
}

/** Stores the request until it is complete, so that a killed process continues it. */
class WantedDownload(context: Context) {
    private val preferences by lazy { context.getSharedPreferences("download", Context.MODE_PRIVATE) }

    fun load(): DownloadRequest? {
        val project = preferences.getString(PROJECT, null) ?: return null
        val villages = preferences.getString(VILLAGES, null)?.lines() ?: return null
        val names = preferences.getString(NAMES, null)?.lines().orEmpty()
        return DownloadRequest(
            project,
            villages,
            preferences.getBoolean(METERED, false),
            villages.zip(names).filter { (_, name) -> name.isNotEmpty() }.toMap(),
        )
    }

    fun store(request: DownloadRequest) = preferences.edit {
        putString(PROJECT, request.project)
        putString(VILLAGES, request.villages.joinToString("\n"))
        putString(NAMES, request.villages.joinToString("\n") { request.names[it].orEmpty().replace('\n', ' ') })
        putBoolean(METERED, request.allowMetered)
    }

    fun clear() = preferences.edit { clear() }

    private companion object {
        const val PROJECT = "project"
        const val VILLAGES = "villages"
        const val NAMES = "names"
        const val METERED = "metered"
    }
}
