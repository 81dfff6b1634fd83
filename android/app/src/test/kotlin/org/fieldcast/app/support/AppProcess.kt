package org.fieldcast.app.support

import androidx.compose.ui.test.junit4.v2.createEmptyComposeRule
import androidx.test.core.app.ActivityScenario
import java.io.File
import java.io.IOException
import java.lang.management.ManagementFactory
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import org.fieldcast.app.MainActivity
import org.junit.Rule
import org.junit.Test
import org.junit.runner.JUnitCore
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.annotation.Config
import org.robolectric.annotation.GraphicsMode

/**
 * The app in a process of its own, with its files in [folder] and its listener at [port]. [close] ends it without any
 * chance to clean up (SIGKILL). It also ends with this process.
 */
class AppProcess(folder: File, port: Int = 0) : AutoCloseable {
    private val answers = LinkedBlockingQueue<String>()
    private val log = mutableListOf<String>()
    private val process: Process

    init {
        val java = ProcessHandle.current().info().command().get()
        val options = ManagementFactory.getRuntimeMXBean().inputArguments
        val phone = listOf("-D$FOLDER=${folder.path}", "-D$PORT=$port")
        val program = listOf("-cp", System.getProperty("java.class.path"), JUnitCore::class.java.name)
        val command = listOf(java) + options + phone + program + AppInProcess::class.java.name
        process = ProcessBuilder(command).redirectErrorStream(true).start()
        thread(isDaemon = true) {
            try {
                process.inputStream.bufferedReader().forEachLine(::take)
            } catch (_: IOException) {
                // killed
            }
            answers.put("the process has ended")
        }
    }

    /** JUnit writes a dot before the first answer. */
    private fun take(line: String) {
        if (ANSWER in line) answers.put(line.substringAfter(ANSWER)) else synchronized(log) { log += line }
    }

    fun taps(text: String) = call("taps", text)

    fun sees(text: String) = call("sees", text)

    fun types(field: String, text: String) = call("types", field, text)

    /** Waits for a code to compare. */
    fun code() = call("code")

    /** Runs a function of [Robot] there. */
    private fun call(vararg words: String) {
        process.outputStream.write("${words.joinToString("\t")}\n".toByteArray())
        process.outputStream.flush()
        val answer = answers.poll(WAIT, TimeUnit.SECONDS)
        if (answer != DONE) throw AssertionError("${words.toList()}: $answer\n${synchronized(log) { log.joinToString("\n") }}")
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }

    internal companion object {
        const val FOLDER = "fieldcast.test.folder"
        const val PORT = "fieldcast.test.port"
        const val ANSWER = "answer: "
        const val DONE = "done"
        const val WAIT = 60L
    }
}

/** What an [AppProcess] runs: it does what its input says, a call in each line, until the input ends. */
@RunWith(RobolectricTestRunner::class)
@GraphicsMode(GraphicsMode.Mode.NATIVE)
@Config(sdk = [26, 35], qualifiers = "w360dp-h640dp-mdpi", application = TestApp::class)
class AppInProcess {
    @get:Rule val rule = createEmptyComposeRule()

    @Test
    fun runs() {
        val folder = File(System.getProperty(AppProcess.FOLDER))
        TestApp.next = TestPhone("Asha", folder, air = Air(), port = System.getProperty(AppProcess.PORT).toInt())
        ActivityScenario.launch(MainActivity::class.java).use {
            val robot = Robot(rule)
            for (line in generateSequence(::readlnOrNull)) println(AppProcess.ANSWER + robot.answer(line.split('\t')))
        }
    }

    private fun Robot.answer(words: List<String>): String = try {
        when (words[0]) {
            "taps" -> taps(words[1])
            "sees" -> sees(words[1])
            "types" -> types(words[1], words[2])
            "code" -> code()
        }
        AppProcess.DONE
    } catch (error: Throwable) {
        "$error".replace('\n', ' ')
    }
}
