package org.fieldcast.app.support

import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.concurrent.thread

/** Passes connections on to a server of this machine while it is on; while it is off, the server seems unreachable. */
class Relay(private val target: Int) : AutoCloseable {
    private val loopback = InetAddress.getLoopbackAddress()
    private val listener = ServerSocket(0, 50, loopback)
    private val open = CopyOnWriteArrayList<Socket>()

    val port: Int get() = listener.localPort

    @Volatile var isOn = true
        set(value) {
            field = value
            if (!value) cut()
        }

    init {
        thread(isDaemon = true) {
            try {
                while (true) pass(listener.accept())
            } catch (_: IOException) {
                // closed
            }
        }
    }

    private fun pass(client: Socket) {
        if (!isOn) return client.close()
        val server = Socket(loopback, target)
        open += listOf(client, server)
        copy(client, server)
        copy(server, client)
    }

    private fun copy(from: Socket, to: Socket) = thread(isDaemon = true) {
        try {
            from.getInputStream().copyTo(to.getOutputStream())
        } catch (_: IOException) {
            // cut
        }
        from.close()
        to.close()
    }

    private fun cut() {
        open.forEach(Socket::close)
        open.clear()
    }

    override fun close() {
        listener.close()
        cut()
    }
}
