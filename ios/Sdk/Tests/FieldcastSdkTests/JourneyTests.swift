import FieldcastSdk
import Foundation
import XCTest

final class JourneyTests: XCTestCase {
    func testTransfersDownloadedDataToReceiver() async throws {
        let (distributor, receiver) = (try await phone("swift-distributor"), try await phone("swift-receiver"))
        let datasets = try await distributor.download(2)
        let who = try receiver.device().fingerprint
        try await receiver.receiving(options: onLoopback()) { receiving in
            try await distributor.offering(datasets, options: onLoopback()) { offering in
                _ = try await offering.found(who)
                try offering.send(to: who)
                let question = try await receiving.status.first { $0.question }
                let code = try await offering.receivers.first { $0.first { $0.peer.fingerprint == who }?.code }
                XCTAssertEqual(question.code, code, "both screens show the same code")
                try receiving.answer(question, .trust)
                try offering.answer(who, .trust)
                let saved = try await receiving.status.first { $0.saved.first }
                XCTAssertEqual(saved.offer.snapshots.count, 3)
                try await within { try await offering.finished() }
                guard case .saved = try await offering.found(who).state else { return XCTFail("not saved") }
            }
        }
        let (there, here) = (try await distributor.digests(), try await receiver.digests())
        XCTAssertEqual(there, here)
        try await compareRecords(distributor, receiver)
        let past = try await receiver.history(limit: 5)
        guard case .saved(receiptHolds: true, _)? = past.first?.outcome else { return XCTFail("\(past)") }
        let (known, conflicts) = (try await receiver.trustedPeers(), try await receiver.conflicts())
        XCTAssertEqual([known.count, conflicts.count], [1, 0])
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    private func compareRecords(_ distributor: Fieldcast, _ receiver: Fieldcast) async throws {
        let households = RecordQuery(entity: "Household", limit: 7)
        var ids = [Set<RecordId>(), []]
        for try await record in distributor.allRecords(households) { ids[0].insert(record.id) }
        for try await record in receiver.allRecords(households) { ids[1].insert(record.id) }
        XCTAssertGreaterThan(ids[0].count, 7, "more than one page")
        XCTAssertEqual(ids[0], ids[1])
    }

    func testShowsDownloadProgress() async throws {
        let phone = try await phone("swift-progress")
        let project = try await phone.logIn()
        let boundary = try await phone.leaves(project)[0]
        let downsync = try await phone.downsync(project, boundaries: [boundary])
        let done = try await downsync.boundaries.first { states -> BoundaryProgress? in
            guard case .done(let progress)? = states[boundary] else { return nil }
            return progress
        }
        XCTAssertGreaterThan(done.done, 0)
        let report = try await downsync.run()
        XCTAssertEqual(report.done.count, 1)
        for await _ in downsync.boundaries {} // ends with the download
        try await phone.shutDown()
    }

    func testReportsDeclineAndCancelWithReason() async throws {
        let (distributor, receiver) = (try await phone("swift-no-d"), try await phone("swift-no-r"))
        let datasets = try await distributor.download(1)
        let who = try receiver.device().fingerprint
        try await receiver.receiving(options: onLoopback()) { receiving in
            for reason in [EndReason.declined, .cancelledByDistributor] {
                try await distributor.offering(datasets, options: onLoopback()) { offering in
                    _ = try await offering.found(who)
                    try offering.send(to: who)
                    let question = try await receiving.status.first { $0.question }
                    if reason == .declined {
                        try receiving.answer(question, .decline)
                    } else {
                        try offering.cancel(who)
                    }
                    let ending = try await offering.failed(who)
                    XCTAssertEqual(ending.reason, reason)
                }
            }
        }
        let held = try await receiver.digests()
        XCTAssertTrue(held.isEmpty)
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    func testConnectsTwoPhonesByInviteWithoutCode() async throws {
        let (distributor, receiver) = (try await phone("swift-invites"), try await phone("swift-invited"))
        let datasets = try await distributor.download(1)
        let who = try receiver.device().fingerprint
        try await receiver.receiving(options: onLoopback()) { receiving in
            try await distributor.offering(datasets, options: onLoopback()) { offering in
                let uri = try offering.invite(expires: Date(timeIntervalSinceNow: 600))
                XCTAssertEqual(try parseInvite(uri: uri, now: 0).device, try distributor.device().fingerprint)
                let code = try qrMatrix(text: uri)
                XCTAssertEqual(Int(code.width * code.width), code.dark.count)
                try receiving.dial(invite: uri)
                _ = try await offering.found(who)
                try offering.send(to: who)
                let question = try await receiving.status.first { $0.question }
                XCTAssertTrue(question.isKnown)
                try receiving.answer(question, .once)
                _ = try await receiving.status.first { $0.saved.first }
            }
        }
        let (there, here) = (try await distributor.digests(), try await receiver.digests())
        XCTAssertEqual(there, here)
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    func testDistinguishesErrorsAndGivesAdvice() async throws {
        let phone = try await phone("swift-errors")
        await expect { if case .LoginNeeded = $0 { true } else { false } } by: { _ = try await phone.projects() }
        await expect { if case .WrongCredentials = $0 { true } else { false } } by: {
            _ = try await phone.login(server: server, tenant: "mz", user: "distributor", password: "guess")
        }
        await expect { if case .Offline = $0 { true } else { false } } by: {
            _ = try await phone.login(server: "http://127.0.0.1:1", tenant: "mz", user: "u", password: "p")
        }
        await expect { if case .ChooseAgain = $0 { true } else { false } } by: { _ = try await phone.offer([]) }
        await expect { if case .NoNetwork = $0 { true } else { false } } by: {
            _ = try await phone.receive(options: ExchangeOptions(network: "no-such"))
        }
        await expect { if case .Unreadable = $0 { true } else { false } } by: { _ = try parseInvite(uri: "x", now: 0) }
        await expect { if case .FileFailed = $0 { true } else { false } } by: {
            _ = try await phone.inspectBundle(path: "/no/such.fcb")
        }
        try await phone.shutDown()
    }

    private func expect(
        _ fits: (FieldcastError) -> Bool, line: UInt = #line, by call: () async throws -> Void
    ) async {
        do {
            try await call()
            XCTFail("no error", line: line)
        } catch let error as FieldcastError {
            XCTAssertTrue(fits(error), "\(error)", line: line)
            XCTAssertGreaterThan(error.advice.count, 10, line: line)
            XCTAssertEqual(error.recoverySuggestion, error.advice, line: line)
        } catch {
            XCTFail("\(error)", line: line)
        }
    }
}
