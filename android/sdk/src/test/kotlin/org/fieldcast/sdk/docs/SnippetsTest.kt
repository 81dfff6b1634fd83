package org.fieldcast.sdk.docs

import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import org.fieldcast.sdk.Hardware
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.digests
import org.fieldcast.sdk.firstOf
import org.fieldcast.sdk.folder
import org.fieldcast.sdk.onLoopback
import org.fieldcast.sdk.phone
import org.fieldcast.sdk.server
import org.fieldcast.sdk.test
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** Runs the code of the guide and checks its results. */
class SnippetsTest {
    @Test
    fun `runs the first transfer`() = test {
        val distributor = phone("kt-doc-d")
        val receiver = phone("kt-doc-r")
        val datasets = download(distributor, server, "distributor", "fieldcast")
        val who = receiver.device().fingerprint
        coroutineScope {
            val received = async { receive(receiver, { Answer.TRUST }, onLoopback()) }
            val pick: suspend (org.fieldcast.sdk.Offering) -> String = { offering ->
                offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who } }.peer.fingerprint
            }
            val sent = send(distributor, datasets, pick, { true }, onLoopback())
            assertTrue(sent is SendState.Saved, "$sent")
            assertEquals(datasets.size, received.await().offer.snapshots.size)
        }
        assertEquals(distributor.digests(), receiver.digests())
        distributor.shutDown()
        receiver.shutDown()
    }

    @Test
    fun `transfers by group and invite`() = test {
        val (there, here) = Hardware() to Hardware()
        val distributor = phone(folder("kt-doc-group-d"), there.ports)
        val receiver = phone(folder("kt-doc-group-r"), here.ports)
        val datasets = download(distributor, server, "distributor", "fieldcast")
        val who = receiver.device().fingerprint
        offerInGroup(distributor, datasets) { offering, code ->
            assertEquals(code.width * code.width, code.dark.size)
            val uri = offering.invite(there.link.groups.single(), System.currentTimeMillis() + 60_000)
            receiveByInvite(receiver, uri) { receiving ->
                offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who } }
                coroutineScope {
                    val all = async { sendToAll(offering, listOf(who)) }
                    receiving.answer(receiving.status.firstOf { it.question }, Answer.ONCE)
                    assertTrue(all.await().single().state is SendState.Saved)
                }
            }
        }
        assertEquals(distributor.digests(), receiver.digests())
        assertTrue(there.link.groups.isEmpty() && here.link.groups.isEmpty())
        distributor.shutDown()
        receiver.shutDown()
    }
}
