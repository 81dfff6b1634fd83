package org.fieldcast.sdk

import java.io.File
import java.nio.file.Files
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.mapNotNull
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.fieldcast.sdk.core.Dataset
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.NearbyReceiver
import org.fieldcast.sdk.core.OpenSettings
import org.fieldcast.sdk.core.PlatformPorts
import org.fieldcast.sdk.core.Project

/** The sandbox that `cargo xtask journey kotlin` has started. */
val server: String = checkNotNull(System.getenv("FIELDCAST_SANDBOX")) { "run this with `cargo xtask journey kotlin`" }

/** Runs a test with a time limit that is longer than any expected wait. */
fun test(body: suspend () -> Unit) = runBlocking { withTimeout(120.seconds) { body() } }

fun folder(name: String): File = Files.createTempDirectory(name).toFile()

suspend fun phone(name: String): Fieldcast = Fieldcast.open(OpenSettings(folder(name).path, name))

suspend fun phone(folder: File, ports: PlatformPorts = PlatformPorts()): Fieldcast =
    Fieldcast.open(OpenSettings(folder.path), ports)

/** Options for this machine only, without reserved storage. */
fun onLoopback(acceptAll: Boolean = false) =
    ExchangeOptions(network = "127.0.0.1", acceptAll = acceptAll, reserve = 0u)

suspend fun Fieldcast.logIn(): Project {
    login(server, "mz", "distributor", "fieldcast")
    return chooseProject(projects().first().id)
}

suspend fun Fieldcast.leaves(project: Project): List<String> = boundaries(project).filter { it.leaf }.map { it.code }

/** Logs in and downloads this many boundaries. */
suspend fun Fieldcast.download(count: Int): List<Dataset> {
    val project = logIn()
    val report = downsync(project, leaves(project).take(count)).use { it.await() }
    check(report.done.size == count && report.failed.isEmpty()) { report }
    return datasets().map { it.summary.dataset }
}

suspend fun Fieldcast.digests(): List<Pair<Dataset, String>> =
    datasets().map { it.summary.dataset to it.summary.digest }

/** The first value that [pick] accepts. */
suspend fun <T, R : Any> Flow<T>.firstOf(pick: (T) -> R?): R = mapNotNull { pick(it) }.first()

/** The receiver, as soon as it is found. */
suspend fun Offering.find(receiver: Fieldcast): NearbyReceiver = receivers.firstOf { nearby ->
    nearby.find { it.peer.fingerprint == receiver.device().fingerprint }
}

/** The error that the call throws. */
suspend inline fun <reified E : FieldcastException> expect(call: suspend () -> Any?): E {
    try {
        call()
    } catch (error: FieldcastException) {
        check(error is E) { "$error" }
        check(error.advice.length > 10) { error.advice }
        return error
    }
    error("no ${E::class.simpleName}")
}
