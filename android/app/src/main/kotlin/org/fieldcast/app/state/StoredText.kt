package org.fieldcast.app.state

import android.util.AtomicFile
import java.io.File
import java.io.IOException

/** A small file of the app that is replaced as a whole, also if the process is killed. Call it off the main thread. */
internal class StoredText(folder: () -> File, name: String) {
    private val file by lazy { AtomicFile(File(folder(), name)) }

    /** The text; none if there is none, or it cannot be read. */
    fun load(): String? = try {
        file.readFully().decodeToString()
    } catch (_: IOException) {
        null
    }

    /** Replaces the text, which stays if there is no space. */
    fun store(text: String) {
        try {
            val out = file.startWrite()
            try {
                out.write(text.encodeToByteArray())
                file.finishWrite(out)
            } catch (error: IOException) {
                file.failWrite(out)
                throw error
            }
        } catch (_: IOException) {
            return
        }
    }

    fun clear() = file.delete()
}

/** A text as a field of a line whose fields are separated by tabs. */
internal val String.field: String get() = replace('\t', ' ').replace('\n', ' ').replace('\r', ' ')
