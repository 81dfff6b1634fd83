package org.fieldcast.app.state

import android.content.Context
import java.io.File
import org.fieldcast.sdk.core.Boundary

/** The villages of a project, as the server listed them last. */
data class BoundaryList(val project: String, val projectName: String, val boundaries: List<Boundary>)

/** Stores the list of villages, so that the user can look at it without internet. Call it off the main thread. */
class BoundaryCache(folder: () -> File) {
    constructor(context: Context) : this({ context.noBackupFilesDir })

    private val file = StoredText(folder, "boundaries.txt")

    /** The stored list; none if there is none, or it cannot be read. */
    fun load(): BoundaryList? = file.load()?.let(::decoded)

    /** Stores the list instead of the present one, which stays if there is no space. */
    fun store(list: BoundaryList) = file.store(encoded(list))

    companion object {
        private const val FIELDS = 5

        /** One line for the project and one for each boundary; the fields are separated by tabs. */
        internal fun encoded(list: BoundaryList): String = buildString {
            appendLine("${list.project.field}\t${list.projectName.field}")
            for (it in list.boundaries) {
                val fields = listOf(it.code.field, it.name.field, it.kind.field, it.parent ?: "", if (it.leaf) 1 else 0)
                appendLine(fields.joinToString("\t"))
            }
        }

        /** Reads what [encoded] wrote; none if it is something else. */
        internal fun decoded(text: String): BoundaryList? {
            val lines = text.lines().filter { it.isNotEmpty() }
            val (project, name) = lines.firstOrNull()?.split('\t')?.takeIf { it.size == 2 } ?: return null
            val boundaries = ArrayList<Boundary>(lines.size)
            for (line in lines.drop(1)) {
                val fields = line.split('\t').takeIf { it.size == FIELDS } ?: return null
                val parent = fields[3].toULongOrNull()
                if (parent != null && parent >= boundaries.size.toULong()) return null
                val depth = parent?.let { boundaries[it.toInt()].depth + 1u } ?: 0u
                boundaries += Boundary(fields[0], fields[1], fields[2], parent, depth, fields[4] == "1")
            }
            return BoundaryList(project, name, boundaries)
        }
    }
}
