package org.fieldcast.app.support

import java.io.File
import java.io.IOException
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** A process of `fieldcast` with its own data. It ends with [close], also if the test fails. */
class Command(folder: File, vararg arguments: String) : AutoCloseable {
    private val lines = LinkedBlockingQueue<String>()
    private val seen = mutableListOf<String>()
    private val process: Process
    private val reader: Thread

    init {
        val program = checkNotNull(System.getenv("FIELDCAST_COMMAND")) { "run this with `cargo xtask app android --test`" }
        val command = ProcessBuilder(program, "--json", "--data-dir", folder.path, *arguments)
        command.environment()["FIELDCAST_PASSWORD"] = "fieldcast"
        process = command.redirectErrorStream(true).start()
        process.outputStream.close()
        reader = thread(isDaemon = true) {
            try {
                process.inputStream.bufferedReader().forEachLine(lines::put)
            } catch (_: IOException) {
                // killed
            }
        }
    }

    /** Waits for the next event of this kind, and returns its line. */
    fun event(kind: String): String {
        while (true) {
            val line = checkNotNull(lines.poll(WAIT, TimeUnit.SECONDS)) { "no event \"$kind\" after $seen" }
            seen += line
            if (line.isEvent(kind)) return line
        }
    }

    /** Waits for the end, which must be a success, and returns all lines. */
    fun finish(): List<String> {
        val isGood = process.waitFor(WAIT, TimeUnit.SECONDS) && process.exitValue() == 0
        reader.join()
        lines.drainTo(seen)
        check(isGood) { "failed after $seen" }
        return seen
    }

    /** Ends the process without any chance to clean up (SIGKILL). */
    override fun close() {
        process.destroyForcibly().waitFor()
    }

    companion object {
        private const val WAIT = 60L

        /** The text of a field of an event. */
        fun String.field(name: String): String =
            checkNotNull(Regex("\"$name\":\"([^\"]*)\"").find(this)) { "no \"$name\" in $this" }.groupValues[1]

        /** Runs a command to its end, and returns its events of this kind. */
        fun results(folder: File, kind: String, vararg arguments: String): List<String> =
            Command(folder, *arguments).use { it.finish() }.filter { it.isEvent(kind) }

        private fun String.isEvent(kind: String) = "\"event\":\"$kind\"" in this
    }
}

/** A folder in which `fieldcast` has downloaded all villages of the sandbox. */
fun downloadedByCommand(): File = newFolder().also { folder ->
    Command.results(folder, "login", "login", "--server", sandbox, "--tenant", "mz", "--user", "distributor")
    Command.results(folder, "downsync_summary", "downsync", "--all", "--project", "SMC Nampula 2025, ciclo 1")
}
