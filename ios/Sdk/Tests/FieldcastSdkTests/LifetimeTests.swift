import FieldcastSdk
import Foundation
import XCTest

#if canImport(Glibc)
import Glibc
#endif

final class LifetimeTests: XCTestCase {
    /// A cancelled login closes its connection to a silent server.
    func testDropsCallOfCancelledTask() async throws {
        let phone = try await phone("swift-drops")
        let silent = try Silent()
        let login = Task {
            try await phone.login(server: "http://127.0.0.1:\(silent.port)", tenant: "mz", user: "u", password: "p")
        }
        let asked = try await Task.detached { try silent.accept() }.value
        login.cancel()
        do {
            _ = try await login.value
            XCTFail("the login succeeded on a silent server")
        } catch is CancellationError {
            // Expected.
        }
        let isHungUp = await Task.detached { asked.endsWithin(seconds: 30) }.value
        XCTAssertTrue(isHungUp, "the request was not closed")
        try await phone.shutDown()
    }

    func testCancelsDownloadOnlyWithRun() async throws {
        let phone = try await phone("swift-cancels")
        let project = try await phone.logIn()
        let leaves = try await phone.leaves(project)
        let downsync = try await phone.downsync(project, boundaries: leaves)
        let wait = Task { try await downsync.finished() }
        wait.cancel()
        _ = try? await wait.value
        let report = try await downsync.finished()
        XCTAssertTrue(report.failed.isEmpty)

        let other = try await downloading("swift-runs")
        let run = Task { try await other.downsync.run() }
        run.cancel()
        _ = try? await run.value
        do {
            _ = try await other.downsync.finished()
        } catch FieldcastError.Over {
            // Expected, unless the download was faster.
        }
        try await other.phone.shutDown()
        try await phone.shutDown()
    }

    private func downloading(_ name: String) async throws -> (phone: Fieldcast, downsync: Downsync) {
        let phone = try await phone(name)
        let project = try await phone.logIn()
        return (phone, try await phone.downsync(project, boundaries: try await phone.leaves(project)))
    }

    /// The end of the scope notifies the other device, although the task is cancelled.
    func testStopsSessionOfCancelledScope() async throws {
        let (distributor, receiver) = (try await phone("swift-scope-d"), try await phone("swift-scope-r"))
        let datasets = try await distributor.download(1)
        let who = try receiver.device().fingerprint
        try await receiver.receiving(options: onLoopback()) { receiving in
            let screen = Task {
                try await distributor.offering(datasets, options: onLoopback()) { offering in
                    _ = try await offering.found(who)
                    try offering.send(to: who)
                    try await offering.finished()
                }
            }
            _ = try await receiving.status.first { $0.question }
            screen.cancel()
            let ending = try await receiving.status.first { $0.ended }
            XCTAssertEqual(ending.reason, .cancelledByDistributor)
            do {
                try await screen.value
                XCTFail("the task was cancelled")
            } catch is CancellationError {
                // Expected.
            }
        }
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    func testRejectsCallsAndFreesFolderAfterShutdown() async throws {
        let dir = folder("swift-shut")
        let phone = try await opened(dir)
        let device = try phone.device()
        let receiving = try await phone.receive(options: onLoopback())
        do {
            _ = try await opened(dir)
            XCTFail("the folder is still in use")
        } catch FieldcastError.InUse {
            // Expected.
        }
        let events = phone.events
        try await phone.shutDown()
        try await phone.shutDown()
        let ends = try await within { await events.contains { if case .over = $0 { true } else { false } } }
        XCTAssertTrue(ends, "the end of the session was reported")
        for await _ in phone.events {} // no events follow
        do {
            _ = try await phone.datasets()
            XCTFail("Fieldcast was shut down")
        } catch FieldcastError.ShutDown {
            // Expected.
        }
        try await receiving.stop()
        let again = try await opened(dir)
        XCTAssertEqual(try again.device(), device)
        try await again.shutDown()
    }

    func testTransfersDespiteBlockingOrFailingListeners() async throws {
        for listener in [Blocks() as EventListener, Throws()] {
            let distributor = try await phone("swift-sender")
            let datasets = try await distributor.download(1)
            let settings = OpenSettings(dataDir: folder("swift-blocked").path, deviceName: "swift-blocked")
            let receiver = try await FieldcastEngine.open(
                settings: settings, ports: PlatformPorts(), listener: listener
            )
            let receiving = try await receiver.startReceive(options: onLoopback(acceptAll: true))
            let who = try receiver.device().fingerprint
            try await distributor.offering(datasets, options: onLoopback(acceptAll: true)) { offering in
                _ = try await offering.found(who)
                try offering.send(to: who)
                let question = try await within {
                    while true {
                        if let question = try receiving.openQuestion() { return question }
                        try await Task.sleep(nanoseconds: 5_000_000)
                    }
                }
                try receiving.answer(question: question.id, answer: .once)
                try await within { try await offering.finished() }
                guard case .saved = try await offering.found(who).state else { return XCTFail("not saved") }
            }
            try await receiver.shutDown()
            try await distributor.shutDown()
        }
    }

    #if os(Linux)
    func testLeaksNothingInThousandCycles() async throws {
        let dir = folder("swift-thousand")
        func cycles(_ count: Int) async throws {
            for _ in 0..<count {
                let phone = try await opened(dir)
                _ = try await phone.datasets()
                try await phone.shutDown()
            }
        }
        try await cycles(100) // one-time allocations happen now
        let before = try await Footprint.now()
        try await cycles(1000)
        let after = try await Footprint.now()
        print("1,000 open/close cycles: before \(before), after \(after)")
        XCTAssertLessThanOrEqual(after.threads, before.threads + 4)
        XCTAssertLessThanOrEqual(after.files, before.files + 4)
        XCTAssertLessThanOrEqual(after.residentKb, before.residentKb + 32 * 1024)
    }
    #endif
}

private final class Blocks: EventListener, @unchecked Sendable {
    func onEvent(event: Event) throws {
        while true { Thread.sleep(forTimeInterval: 3600) }
    }
}

private final class Throws: EventListener, @unchecked Sendable {
    func onEvent(event: Event) throws {
        throw TimedOut()
    }
}
