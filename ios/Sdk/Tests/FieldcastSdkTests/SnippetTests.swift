import FieldcastSdk
import Foundation
import XCTest

final class SnippetTests: XCTestCase {
    func testTransfersDataWithGuideCode() async throws {
        let (distributor, receiver) = (try await phone("swift-guide-d"), try await phone("swift-guide-r"))
        let datasets = try await download(distributor, server: server, user: "distributor", password: "fieldcast")
        let who = try receiver.device().fingerprint
        async let received = receive(receiver, ask: { _ in .once }, options: onLoopback())
        let state = try await send(
            distributor, datasets, pick: { try await $0.found(who).peer.fingerprint }, isSame: { $0.code != nil },
            options: onLoopback()
        )
        guard case .saved? = state else { return XCTFail("\(String(describing: state))") }
        let saved = try await received
        XCTAssertEqual(saved?.offer.snapshots.count, 3)
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    func testReceivesByInviteOfGuide() async throws {
        let hardware = Hardware()
        let distributor = try await phone("swift-hosts")
        let receiver = try await phone("swift-joins", ports: hardware.ports)
        let datasets = try await distributor.download(1)
        let who = try receiver.device().fingerprint
        try await distributor.offering(datasets, options: onLoopback()) { offering in
            let group = WifiGroup(name: "DIRECT-fc-1", passphrase: "correct horse")
            let uri = try offering.invite(group: group, expires: Date(timeIntervalSinceNow: 600))
            try await receiveByInvite(receiver, scanned: uri) { receiving in
                XCTAssertEqual(hardware.groups, [group.name])
                _ = try await offering.found(who)
                try offering.send(to: who)
                let question = try await receiving.status.first { $0.question }
                try receiving.answer(question, .once)
                _ = try await receiving.status.first { $0.saved.first }
            }
        }
        XCTAssertEqual(hardware.groups, [])
        try await distributor.shutDown()
        try await receiver.shutDown()
    }

    func testShowsErrors() async throws {
        let phone = try await phone("swift-shows")
        let shown = Shown()
        await showing({ shown.put($0) }, toLogin: { shown.put("login") }) { _ = try await phone.projects() }.value
        await showing({ shown.put($0) }, toLogin: {}) { _ = try await phone.offer([]) }.value
        XCTAssertEqual(shown.texts.first, "login")
        XCTAssertEqual(shown.texts.count, 2)
        try await phone.shutDown()
    }
}

private final class Shown: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [String] = []

    var texts: [String] { lock.withLock { all } }

    func put(_ text: String) {
        lock.withLock { all.append(text) }
    }
}
