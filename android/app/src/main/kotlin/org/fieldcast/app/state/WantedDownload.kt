package org.fieldcast.app.state

import android.content.Context

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

/** Stores the request until it is complete, so that a killed process continues it. Call it off the main thread. */
class WantedDownload(context: Context) {
    private val file = StoredText({ context.noBackupFilesDir }, "download.txt")

    fun load(): DownloadRequest? = file.load()?.let(::decoded)

    fun store(request: DownloadRequest) = file.store(encoded(request))

    fun clear() = file.clear()

    internal companion object {
        private const val METERED = "metered"

        /** One line for the project and one for each village; the fields are separated by tabs. */
        fun encoded(request: DownloadRequest): String = buildString {
            appendLine("${request.project.field}\t${if (request.allowMetered) METERED else ""}")
            request.villages.forEach { appendLine("${it.field}\t${request.names[it].orEmpty().field}") }
        }

        /** Reads what [encoded] wrote; none if it is something else. */
        fun decoded(text: String): DownloadRequest? {
            val lines = text.lines().filter { it.isNotEmpty() }.map { it.split('\t') }
            if (lines.isEmpty() || lines.any { it.size != 2 }) return null
            val (project, metered) = lines.first()
            val villages = lines.drop(1)
            val names = villages.filter { (_, name) -> name.isNotEmpty() }.associate { (code, name) -> code to name }
            return DownloadRequest(project, villages.map { (code) -> code }, metered == METERED, names)
        }
    }
}
