package org.fieldcast.app.support

import java.io.File
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** A process of `fieldcast` with its own data. It ends with [close], also if the test fails. */
class Command(folder: File, vararg arguments: String) : AutoCloseable {
    private val lines = LinkedBlockingQueue<String>()
    private val seen = mutableListOf<String>()
    private val process: Process

    init {
        val program = checkNotNull(System.getenv("FIELDCAST_COMMAND")) { "run this with `cargo xtask app android --test`" }
        val command = ProcessBuilder(program, "--json", "--data-dir", folder.path, *arguments)
        command.environment()["FIELDCAST_PASSWORD"] = "fieldcast"
        process = command.redirectErrorStream(true).start()
        process.outputStream.close()
        thread(isDaemon = true) { process.inputStream.bufferedReader().forEachLine { lines.put(it) } }
    }

    /** Waits for the next event of this kind, and returns its line. */
    fun event(kind: String): String {
        while (true) {
            val line = checkNotNull(lines.poll(WAIT, TimeUnit.SECONDS)) { "no event \"$kind\" after $seen" }
            seen += line
            if ("\"event\":\"$kind\"" in line) return line
        }
    }

    /** Waits for the end. */
    fun finish() {
        check(process.waitFor(WAIT, TimeUnit.SECONDS) && process.exitValue() == 0) { "failed: $seen $lines" }
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

        /** Runs a command to its end, and returns its event of this kind. */
        fun result(folder: File, event: String, vararg arguments: String): String =
            Command(folder, *arguments).use { command -> command.event(event).also { command.finish() } }
    }
}
