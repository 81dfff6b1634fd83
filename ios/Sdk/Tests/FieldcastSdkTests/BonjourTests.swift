#if os(Linux) // with stubs of Apple's frameworks: Tests/AppleStubs
@testable import FieldcastSdk
import Foundation
import XCTest
@testable import dnssd

/// Records the reports of a search.
private final class Sightings: PeerDiscoverySink, @unchecked Sendable {
    enum Told: Equatable {
        case found([String: String], [String], UInt16)
        case lost
    }

    private let lock = NSLock()
    private var told: [String: [Told]] = [:]

    init() {
        super.init(noHandle: NoHandle())
    }

    required init(unsafeFromHandle handle: UInt64) {
        super.init(unsafeFromHandle: handle)
    }

    override func found(service: RemoteService) throws {
        keep(service.name, .found(service.txt, service.addresses, service.port))
    }

    override func lost(name: String) throws {
        keep(name, .lost)
    }

    func told(of name: String) -> [Told] {
        lock.withLock { told[name] ?? [] }
    }

    private func keep(_ name: String, _ what: Told) {
        lock.withLock { told[name, default: []].append(what) }
    }
}

final class BonjourTests: XCTestCase {
    private let kind = "_fieldcast._tcp"
    private let record = ["v": "1", "n": "Téa"]

    /// The announced service, on interface 7.
    private var own: LocalService {
        let wifi = Interface(name: "en0", addr: "192.0.2.9", prefix: 24, isLoopback: false, index: 7)
        return LocalService(kind: kind, name: "own", txt: record, port: 4000, interface: wifi)
    }

    private func service(_ name: String, kind: String? = nil, interface: UInt32 = 7, port: UInt16 = 4711) -> Announced {
        Announced(
            name: name, kind: kind ?? self.kind, interface: interface, host: "\(name).local.", port: port,
            txt: TxtRecord.bytes(record), addresses: ["192.0.2.1"]
        )
    }

    override func tearDown() {
        ["peer", "printer", "far"].forEach(Air.vanish)
        XCTAssertEqual(Air.count, 0, "every operation has ended")
    }

    func testFindsFollowsAndLosesService() async throws {
        let (discovery, sightings) = (BonjourDiscovery(), Sightings())
        Air.appear(service("printer", kind: "_ipp._tcp"))
        Air.appear(service("far", interface: 8))
        Air.appear(service("peer"))
        try discovery.start(search: 1, service: own, sightings: sightings)
        var seen: [Sightings.Told] = [.found(record, ["192.0.2.1"], 4711)]
        func follows(_ next: Sightings.Told?, line: UInt = #line) async throws {
            if let next { seen.append(next) }
            let expected = seen
            try await until { sightings.told(of: "peer").count >= expected.count }
            XCTAssertEqual(sightings.told(of: "peer"), expected, line: line)
        }
        try await follows(nil)
        Air.appear(service("peer", port: 4712))
        try await follows(.found(record, ["192.0.2.1"], 4712))
        Air.address("192.0.2.2", of: "peer.local.", isThere: true)
        try await follows(.found(record, ["192.0.2.1", "192.0.2.2"], 4712))
        Air.address("192.0.2.1", of: "peer.local.", isThere: false)
        try await follows(.found(record, ["192.0.2.2"], 4712))
        Air.vanish("peer")
        try await follows(.lost)
        XCTAssertEqual(Air.count, 4, "the announcement, the search, and the device's own service")
        XCTAssertEqual(sightings.told(of: "own"), [.found(record, ["127.0.0.1"], 4000)], "the record as announced")
        XCTAssertEqual(sightings.told(of: "printer") + sightings.told(of: "far"), [])
        try discovery.stop(search: 1)
    }

    func testReportsNothingAfterStop() async throws {
        let (discovery, stopped, goesOn) = (BonjourDiscovery(), Sightings(), Sightings())
        try discovery.start(search: 1, service: own, sightings: stopped)
        try discovery.start(search: 2, service: own, sightings: goesOn)
        try discovery.stop(search: 1)
        try discovery.stop(search: 3)
        Air.appear(service("peer"))
        try await until { !goesOn.told(of: "peer").isEmpty }
        XCTAssertEqual(stopped.told(of: "peer"), [])
        try discovery.stop(search: 2)
    }

    func testEndsSearchWithDiscovery() async throws {
        var discovery: BonjourDiscovery? = BonjourDiscovery()
        let sightings = Sightings()
        try discovery?.start(search: 1, service: own, sightings: sightings)
        try await until { !sightings.told(of: "own").isEmpty }
        discovery = nil
        XCTAssertEqual(Air.count, 0)
    }

    func testReportsRefusalAndCleansUp() async throws {
        let (discovery, sightings) = (BonjourDiscovery(), Sightings())
        let good = kDNSServiceErr_NoError
        for (codes, reason) in [
            ([kDNSServiceErr_PolicyDenied], "Settings"), ([good, kDNSServiceErr_NoAuth], "NSBonjourServices"),
        ] {
            Air.refuse(codes)
            let said = await refusal { try discovery.start(search: 1, service: own, sightings: sightings) }
            guard case .Denied(let told)? = said else { return XCTFail("\(String(describing: said))") }
            XCTAssertTrue(told.contains(reason), told)
            XCTAssertEqual(Air.count, 0)
        }
        Air.refuse([good, kDNSServiceErr_BadParam])
        let said = await refusal { try discovery.start(search: 1, service: own, sightings: sightings) }
        XCTAssertEqual(said, .Failed(reason: "Bonjour failed with code -65540: turn Wi-Fi off and on again"))
    }

    func testConnectsTwoPhonesByBonjour() async throws {
        try await eachFindsTheOther(
            PlatformPorts(discovery: BonjourDiscovery()), PlatformPorts(discovery: BonjourDiscovery())
        )
        try await until { Air.count == 0 }
    }
}
#endif
