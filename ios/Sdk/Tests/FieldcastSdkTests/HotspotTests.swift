#if os(Linux) // with stubs of Apple's frameworks: Tests/AppleStubs
@testable import FieldcastSdk
import Foundation
@testable import Network
@testable import NetworkExtension
import XCTest

/// Records the reports about a group.
private final class Changes: GroupChanges, @unchecked Sendable {
    private let lock = NSLock()
    private var recorded: [IpAddr?] = []

    init() {
        super.init(noHandle: NoHandle())
    }

    required init(unsafeFromHandle handle: UInt64) {
        super.init(unsafeFromHandle: handle)
    }

    /// The reported addresses; nil where the group was lost.
    var reports: [IpAddr?] { lock.withLock { recorded } }

    override func here(address: IpAddr) throws {
        lock.withLock { recorded.append(address) }
    }

    override func lost() throws {
        lock.withLock { recorded.append(nil) }
    }
}

final class HotspotTests: XCTestCase {
    private let group = WifiGroup(name: "DIRECT-fc-1", passphrase: "correct horse")
    private let link = HotspotLink(interface: "lo", wait: 1000)
    private let here = "127.0.0.1"
    private let changes = Changes()

    override func tearDown() async throws {
        try await link.leaveGroup()
        XCTAssertFalse(Radio.configured.contains(group.name))
        try await until { Way.count == 0 }
    }

    func testJoinsAndLeavesGroup() async throws {
        Radio.start(near: [group.name: group.passphrase], configured: ["DIRECT-fc-0", "Home"])
        let address = try await link.joinGroup(group: group, changes: changes)
        XCTAssertEqual(address, here)
        XCTAssertEqual(Radio.configured, ["Home", group.name], "groups of an earlier run were removed")
        try await link.leaveGroup()
        XCTAssertEqual([Radio.configured, [Radio.current].compactMap { $0 }], [["Home"], []])
        try await link.leaveGroup()
    }

    func testReportsLostAndRestoredGroup() async throws {
        let changes = changes
        Radio.start(near: [group.name: group.passphrase])
        _ = try await link.joinGroup(group: group, changes: changes)
        try await until { changes.reports == [self.here] }
        Radio.moves(to: "Home")
        Way.becomes(.satisfied)
        try await until { changes.reports == [self.here, nil] }
        Radio.moves(to: group.name)
        Way.becomes(.satisfied)
        try await until { changes.reports == [self.here, nil, self.here] }
    }

    func testReportsCurrentStateAfterLateAnswer() async throws {
        let changes = changes
        Radio.start(near: [group.name: group.passphrase])
        _ = try await link.joinGroup(group: group, changes: changes)
        try await until { changes.reports == [self.here] }
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        Radio.answers(after: Task { for await _ in gate {} })
        Radio.moves(to: nil)
        Way.becomes(.unsatisfied)
        try await until { !Radio.isHeld }
        Radio.moves(to: group.name)
        Way.becomes(.satisfied)
        try await Task.sleep(nanoseconds: 20_000_000) // time for a wrong early report
        opening.finish()
        try await until { changes.reports.count == 3 }
        XCTAssertEqual(changes.reports, [here, nil, here])
    }

    func testKeepsNextJoinAfterCancelledJoin() async throws {
        let (link, changes) = (HotspotLink(interface: "lo", wait: 5_000_000), changes)
        let (lost, next) = (group, WifiGroup(name: "DIRECT-fc-2", passphrase: "correct horse"))
        Radio.start(near: [next.name: next.passphrase])
        let first = Task { try await link.joinGroup(group: lost, changes: changes) }
        try await until { Radio.configured.contains(lost.name) }
        _ = try await link.joinGroup(group: next, changes: Changes())
        first.cancel()
        let ended = await first.result
        XCTAssertThrowsError(try ended.get())
        XCTAssertEqual(Radio.configured, [next.name])
        try await link.leaveGroup()
        XCTAssertEqual(Radio.configured, [])
    }

    func testAcceptsGroupAlreadyJoined() async throws {
        Radio.start(joined: group.name, refusal: .alreadyAssociated)
        let address = try await link.joinGroup(group: group, changes: changes)
        XCTAssertEqual(address, here)
    }

    func testRemovesUnreachableGroup() async throws {
        for near in [[:], [group.name: "another passphrase"]] {
            Radio.start(near: near)
            let said = await refusal { try await link.joinGroup(group: group, changes: changes) }
            guard case .Unavailable(let reason)? = said else { return XCTFail("\(String(describing: said))") }
            XCTAssertTrue(reason.contains("not joined"), reason)
            XCTAssertEqual(Radio.configured, [])
        }
    }

    func testReportsSystemErrors() async throws {
        let cases: [(NEHotspotConfigurationError, PortError)] = [
            (.userDenied, .Denied(reason: "joining the group was not allowed: try again and tap Join")),
            (.userUnauthorized, .Denied(reason: "joining the group was not allowed: try again and tap Join")),
            (.invalidSSID, .Failed(reason: "the group name or passphrase is invalid: scan the invite again")),
            (.invalidWPAPassphrase, .Failed(reason: "the group name or passphrase is invalid: scan the invite again")),
            (.applicationIsNotInForeground, .Unavailable(reason: "the app is in the background: open it first")),
            (.pending, .Unavailable(reason: "joining failed with code 9: try again")),
        ]
        for (refused, expected) in cases {
            Radio.start(refusal: refused)
            let said = await refusal { try await link.joinGroup(group: group, changes: changes) }
            XCTAssertEqual(said, expected)
        }
        let said = await refusal { try await link.makeGroup(group: group, changes: changes) }
        guard case .Unavailable? = said else { return XCTFail("an iPhone cannot make a group") }
    }

    func testProvidesAllPortsOnIPhone() {
        let ports = PlatformPorts.system()
        XCTAssertTrue(ports.keyStore is KeychainKeys && ports.network is PathNetwork)
        XCTAssertTrue(ports.link is HotspotLink && ports.discovery is BonjourDiscovery)
    }
}
#endif
