package org.fieldcast.app.support

import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.thread
import kotlin.concurrent.withLock

/**
 * Passes connections on to a server of this machine while it is on; while it is off, the server seems unreachable.
 * [hold] stops the data in the middle of a transfer.
 */
class Relay(private val target: Int) : AutoCloseable {
    private val loopback = InetAddress.getLoopbackAddress()
    private val listener = ServerSocket(0, 50, loopback)
    private val open = CopyOnWriteArrayList<Socket>()
    private val lock = ReentrantLock()
    private val released = lock.newCondition()

    /** Bytes that may still pass. */
    private var left = Long.MAX_VALUE

    val port: Int get() = listener.localPort
    val address: String get() = "127.0.0.1:$port"

    @Volatile var isOn = true
        set(value) {
            field = value
            if (!value) cut()
        }

    /** Whether data waits for [release]. */
    @Volatile var isHolding = false
        private set

    init {
        thread(isDaemon = true) {
            try {
                while (true) pass(listener.accept())
            } catch (_: IOException) {
                // closed
            }
        }
    }

    /** Lets this many more bytes pass, in both directions together, and holds back the rest. */
    fun hold(after: Long) = lock.withLock { left = after }

    /** Passes all data again. */
    fun release() = lock.withLock {
        left = Long.MAX_VALUE
        isHolding = false
        released.signalAll()
    }

    private fun pass(client: Socket) {
        try {
            if (!isOn) return client.close()
            val server = Socket(loopback, target)
            open += listOf(client, server)
            copy(client, server)
            copy(server, client)
        } catch (_: IOException) {
            client.close() // the server is not there
        }
    }

    private fun copy(from: Socket, to: Socket) = thread(isDaemon = true) {
        try {
            copy(from.getInputStream(), to.getOutputStream())
        } catch (_: IOException) {
            // cut
        }
        from.close()
        to.close()
    }

    private fun copy(from: InputStream, to: OutputStream) {
        val buffer = ByteArray(BUFFER)
        while (true) {
            val count = from.read(buffer)
            if (count < 0) return
            awaitTurn(count)
            to.write(buffer, 0, count)
        }
    }

    private fun awaitTurn(count: Int) = lock.withLock {
        while (left < count) {
            isHolding = true
            released.await()
        }
        if (left != Long.MAX_VALUE) left -= count
    }

    private fun cut() {
        open.forEach(Socket::close)
        open.clear()
    }

    override fun close() {
        listener.close()
        cut()
        release()
    }

    private companion object {
        const val BUFFER = 1024
    }
}
