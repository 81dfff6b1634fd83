@testable import FieldcastSdk
import Foundation
import XCTest

/// Simulates the services of an iPhone.
final class Hardware: KeyStore, NetworkMonitor, WifiLink, PeerDiscovery, @unchecked Sendable {
    private let lock = NSLock()
    private var locked = false
    private var joined: [String] = []

    var isLocked: Bool {
        get { lock.withLock { locked } }
        set { lock.withLock { locked = newValue } }
    }
    var groups: [String] { lock.withLock { joined } }
    var ports: PlatformPorts { PlatformPorts(keyStore: self, network: self, link: self, discovery: self) }

    func wrapKey(key: Data) throws -> Data { Data(key.map { ~$0 }) }

    func unwrapKey(wrapped: Data) throws -> Data {
        guard !isLocked else { throw PortError.Denied(reason: "the phone is locked") }
        return try wrapKey(key: wrapped)
    }

    func kind() throws -> NetworkKind? { .metered }

    func makeGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        throw PortError.Unavailable(reason: "an iPhone cannot make a group")
    }

    func joinGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        lock.withLock { joined.append(group.name) }
        return "127.0.0.1"
    }

    func leaveGroup() async throws {
        lock.withLock { joined.removeAll() }
    }

    /// All running searches on this machine.
    private static let searchesLock = NSLock()
    private static var searches: [ObjectIdentifier: [UInt64: (LocalService, PeerDiscoverySink)]] = [:]

    static var count: Int { searchesLock.withLock { searches.values.map(\.count).reduce(0, +) } }

    func start(search: UInt64, service: LocalService, sightings: PeerDiscoverySink) throws {
        let id = ObjectIdentifier(self)
        Self.searchesLock.withLock { Self.searches[id, default: [:]][search] = (service, sightings) }
        let all = Self.searchesLock.withLock { Self.searches.values.flatMap(\.values) }
        for (service, _) in all {
            let record = TxtRecord.pairs(TxtRecord.bytes(service.txt)) // as a network carries them
            let remote = RemoteService(
                name: service.name, txt: record, addresses: [service.interface.addr], port: service.port
            )
            for (_, sightings) in all { try sightings.found(service: remote) }
        }
    }

    func stop(search: UInt64) throws {
        Self.searchesLock.withLock { _ = Self.searches[ObjectIdentifier(self)]?.removeValue(forKey: search) }
    }
}

final class PortsTests: XCTestCase {
    func testProtectsDeviceKeyWithKeyStore() async throws {
        let (dir, hardware) = (folder("swift-keys"), Hardware())
        let phone = try await opened(dir, ports: hardware.ports)
        let device = try phone.device()
        try await phone.shutDown()
        hardware.isLocked = true
        do {
            _ = try await opened(dir, ports: hardware.ports)
            XCTFail("opened with a locked key store")
        } catch FieldcastError.KeyFailed(let reason) {
            XCTAssertTrue(reason.contains("locked"), reason)
        }
        hardware.isLocked = false
        let again = try await opened(dir, ports: hardware.ports)
        XCTAssertEqual(try again.device(), device)
        try await again.shutDown()
    }

    func testUsesMobileDataOnlyIfAllowed() async throws {
        let phone = try await phone("swift-metered", ports: Hardware().ports)
        let project = try await phone.logIn()
        do {
            _ = try await phone.downsync(project, boundaries: [])
            XCTFail("it costs")
        } catch FieldcastError.Metered {
            // Expected.
        }
        let leaf = try await phone.leaves(project)[0]
        let report = try await phone.downsync(project, boundaries: [leaf], allowMetered: true).finished()
        XCTAssertEqual(report.done.count, 1)
        try await phone.shutDown()
    }

    func testJoinsAndLeavesGroupButCannotMakeOne() async throws {
        let hardware = Hardware()
        let phone = try await phone("swift-groups", ports: hardware.ports)
        do {
            _ = try await phone.makeGroup(group: nil)
            XCTFail("an iPhone cannot make a group")
        } catch FieldcastError.NoNetwork(let reason) {
            XCTAssertTrue(reason.contains("iPhone"), reason)
        }
        let group = WifiGroup(name: "DIRECT-fc-1", passphrase: "correct horse")
        let joined = try await phone.joinGroup(group: group)
        XCTAssertTrue(joined.interface.isLoopback)
        XCTAssertEqual(hardware.groups, ["DIRECT-fc-1"])
        try await phone.leaveGroup()
        XCTAssertEqual(hardware.groups, [])
        try await phone.shutDown()
    }

    func testReturnsAddressOfInterface() {
        #if os(Linux)
        XCTAssertEqual(ownAddress(of: "lo"), "127.0.0.1")
        #endif
        XCTAssertNil(ownAddress(of: "no-such"))
    }

    func testFindsPhonesWithoutMdns() async throws {
        try await eachFindsTheOther(Hardware().ports, Hardware().ports)
        try await until { Hardware.count == 0 } // a separate thread stops the search
    }

    func testIgnoresMalformedTxtRecordParts() {
        let pairs = ["v": "1", "id": "0a=b", "n": "Téa"]
        XCTAssertEqual(TxtRecord.pairs(TxtRecord.bytes(pairs)), pairs)
        XCTAssertEqual(TxtRecord.pairs([3, 97, 61, 98, 9, 99]), ["a": "b"], "cut off")
        XCTAssertEqual(TxtRecord.pairs([3, 97, 61, 255, 1, 98, 0, 3, 97, 61, 99]), ["a": "c"], "not text, or no value")
        XCTAssertEqual(TxtRecord.pairs([UInt8]()), [:])
    }
}
