package org.fieldcast.sdk

import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.count
import kotlinx.coroutines.flow.first
import org.fieldcast.sdk.core.Answer
import org.fieldcast.sdk.core.DialState
import org.fieldcast.sdk.core.EndReason
import org.fieldcast.sdk.core.ExchangeOptions
import org.fieldcast.sdk.core.FieldcastException
import org.fieldcast.sdk.core.Outcome
import org.fieldcast.sdk.core.RecordQuery
import org.fieldcast.sdk.core.SendState
import org.fieldcast.sdk.core.parseInvite
import org.fieldcast.sdk.core.qrMatrix
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class JourneyTest {
    @Test
    fun `transfers downloaded data to a receiver`() = test {
        val distributor = phone("kt-distributor")
        val receiver = phone("kt-receiver")
        val datasets = distributor.download(2)
        receiver.receiving(onLoopback()) { receiving ->
            distributor.offering(datasets, onLoopback()) { offering ->
                val who = offering.find(receiver).peer.fingerprint
                offering.sendTo(who)
                val question = receiving.status.firstOf { it.question }
                val code = offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who }?.code }
                assertEquals(question.code, code, "both screens show the same code")
                receiving.answer(question, Answer.TRUST)
                offering.answer(who, Answer.TRUST)
                val saved = receiving.status.first { it.saved.isNotEmpty() }.saved.single()
                assertEquals(3, saved.offer.snapshots.size)
                offering.finished()
                assertTrue(offering.find(receiver).state is SendState.Saved)
            }
        }
        assertEquals(distributor.digests(), receiver.digests())
        val households = RecordQuery(entity = "Household", limit = 7u)
        val there = distributor.allRecords(households).count()
        assertTrue(there > 7, "more than one page: $there")
        assertEquals(there, receiver.allRecords(households).count())
        val past = receiver.history(5u).single()
        assertTrue((past.outcome as Outcome.Saved).receiptHolds)
        assertEquals(1, receiver.trustedPeers().size)
        assertTrue(receiver.conflicts().isEmpty())
        distributor.shutDown()
        receiver.shutDown()
    }

    @Test
    fun `shows download progress`() = test {
        val phone = phone("kt-progress")
        val project = phone.logIn()
        val boundary = phone.leaves(project).first()
        phone.downsync(project, listOf(boundary)).use { downsync ->
            assertEquals(1, downsync.await().done.size)
            val status = downsync.boundaries.firstOf { it[boundary] as? BoundaryStatus.Done }
            assertTrue(status.progress.done > 0u)
        }
        phone.shutDown()
    }

    @Test
    fun `reports decline and cancel to both sides`() = test {
        val distributor = phone("kt-no-d")
        val receiver = phone("kt-no-r")
        val datasets = distributor.download(1)
        val acts = mapOf<EndReason, suspend (Offering, Receiving, String) -> Unit>(
            EndReason.DECLINED to { _, receiving, _ ->
                receiving.answer(checkNotNull(receiving.status.value.question), Answer.DECLINE)
            },
            EndReason.CANCELLED_BY_DISTRIBUTOR to { offering, _, who -> offering.cancel(who) },
            EndReason.CANCELLED_BY_RECEIVER to { _, receiving, _ -> receiving.stop() },
        )
        for ((reason, act) in acts) {
            val receiving = receiver.receive(onLoopback())
            distributor.offering(datasets, onLoopback()) { offering ->
                val who = offering.find(receiver).peer.fingerprint
                offering.sendTo(who)
                receiving.status.firstOf { it.question }
                act(offering, receiving, who)
                val failed = offering.receivers.firstOf { all ->
                    all.find { it.peer.fingerprint == who }?.state as? SendState.Failed
                }
                assertEquals(reason, failed.ending.reason)
                assertEquals(reason, receiving.status.firstOf { it.ended }.reason)
            }
            receiving.stop()
        }
        assertTrue(receiver.digests().isEmpty())
        distributor.shutDown()
        receiver.shutDown()
    }

    @Test
    fun `distinguishes errors and gives advice`() = test {
        val phone = phone("kt-errors")
        expect<FieldcastException.LoginNeeded> { phone.projects() }
        expect<FieldcastException.WrongCredentials> { phone.login(server, "mz", "distributor", "guess") }
        expect<FieldcastException.Offline> { phone.login("http://127.0.0.1:1", "mz", "u", "p") }
        expect<FieldcastException.ChooseAgain> { phone.offer(emptyList(), onLoopback()) }
        expect<FieldcastException.NoNetwork> { phone.receive(ExchangeOptions(network = "no-such")) }
        expect<FieldcastException.Unreadable> { phone.forgetPeer("not a fingerprint") }
        expect<FieldcastException.Unreadable> { parseInvite("hello", 0) }
        expect<FieldcastException.FileFailed> { phone.inspectBundle("/no/such.fcb") }
        phone.shutDown()
    }

    @Test
    fun `connects two phones by invite without a code`() = test {
        val distributor = phone("kt-invites")
        val receiver = phone("kt-invited")
        val datasets = distributor.download(1)
        receiver.receiving(onLoopback()) { receiving ->
            distributor.offering(datasets, onLoopback()) { offering ->
                val uri = offering.invite(group = null, expires = System.currentTimeMillis() + 600_000)
                assertEquals(distributor.device().fingerprint, parseInvite(uri, 0).device)
                val code = qrMatrix(uri)
                assertEquals(code.width * code.width, code.dark.size.toULong())
                receiving.dialInvite(uri)
                receiving.status.firstOf { it.dial as? DialState.Connected }
                val who = receiver.device().fingerprint
                offering.receivers.firstOf { all -> all.find { it.peer.fingerprint == who } }
                offering.sendTo(who)
                val question = receiving.status.firstOf { it.question }
                assertTrue(question.isKnown)
                assertEquals(question.code, offering.codesShown.firstOf { it[who] }, "both screens show the code")
                receiving.answer(question, Answer.ONCE)
                receiving.status.first { it.saved.isNotEmpty() }
                offering.codesShown.first { it.isEmpty() }
            }
        }
        assertEquals(distributor.digests(), receiver.digests())
        distributor.shutDown()
        receiver.shutDown()
    }

    @Test
    fun `runs two phones in one process`() = test {
        coroutineScope {
            val downloads = (1..3).map { at ->
                async {
                    val phone = phone("kt-many-$at")
                    phone.download(1)
                    phone.digests().also { phone.shutDown() }
                }
            }
            assertEquals(1, downloads.map { it.await() }.toSet().size)
        }
    }
}
