#if os(Linux) // with stubs of Apple's frameworks: Tests/AppleStubs
@testable import FieldcastSdk
import Foundation
import XCTest
@testable import dnssd

/// Records the reports of a search.
private final class RecordingSink: PeerDiscoverySink, @unchecked Sendable {
    enum Report: Equatable {
        case found([String: String], [String], UInt16)
        case lost
    }

    private let lock = NSLock()
    private var all: [String: [Report]] = [:]

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

    func reports(of name: String) -> [Report] {
        lock.withLock { all[name] ?? [] }
    }

    private func keep(_ name: String, _ what: Report) {
        lock.withLock { all[name, default: []].append(what) }
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
        ["peer", "printer", "far"].forEach(FakeBonjour.vanish)
        XCTAssertEqual(FakeBonjour.count, 0, "every operation has ended")
    }

    func testFindsFollowsAndLosesService() async throws {
        let (discovery, sink) = (BonjourDiscovery(), RecordingSink())
        FakeBonjour.appear(service("printer", kind: "_ipp._tcp"))
        FakeBonjour.appear(service("far", interface: 8))
        FakeBonjour.appear(service("peer"))
        try discovery.start(search: 1, service: own, sightings: sink)
        var seen: [RecordingSink.Report] = [.found(record, ["192.0.2.1"], 4711)]
        func follows(_ next: RecordingSink.Report?, line: UInt = #line) async throws {
            if let next { seen.append(next) }
            let expected = seen
            try await until { sink.reports(of: "peer").count >= expected.count }
            XCTAssertEqual(sink.reports(of: "peer"), expected, line: line)
        }
        try await follows(nil)
        FakeBonjour.appear(service("peer", port: 4712))
        try await follows(.found(record, ["192.0.2.1"], 4712))
        FakeBonjour.address("192.0.2.2", of: "peer.local.", isThere: true)
        try await follows(.found(record, ["192.0.2.1", "192.0.2.2"], 4712))
        FakeBonjour.address("192.0.2.1", of: "peer.local.", isThere: false)
        try await follows(.found(record, ["192.0.2.2"], 4712))
        FakeBonjour.vanish("peer")
        try await follows(.lost)
        XCTAssertEqual(FakeBonjour.count, 4, "the announcement, the search, and the device's own service")
        XCTAssertEqual(sink.reports(of: "own"), [.found(record, ["127.0.0.1"], 4000)], "the record as announced")
        XCTAssertEqual(sink.reports(of: "printer") + sink.reports(of: "far"), [])
        try discovery.stop(search: 1)
    }

    func testReportsNothingAfterStop() async throws {
        let (discovery, stopped, running) = (BonjourDiscovery(), RecordingSink(), RecordingSink())
        try discovery.start(search: 1, service: own, sightings: stopped)
        try discovery.start(search: 2, service: own, sightings: running)
        try discovery.stop(search: 1)
        try discovery.stop(search: 3)
        FakeBonjour.appear(service("peer"))
        try await until { !running.reports(of: "peer").isEmpty }
        XCTAssertEqual(stopped.reports(of: "peer"), [])
        try discovery.stop(search: 2)
    }

    func testEndsSearchWithDiscovery() async throws {
        var discovery: BonjourDiscovery? = BonjourDiscovery()
        let sink = RecordingSink()
        try discovery?.start(search: 1, service: own, sightings: sink)
        try await until { !sink.reports(of: "own").isEmpty }
        discovery = nil
        XCTAssertEqual(FakeBonjour.count, 0)
    }

    func testReportsRefusalAndCleansUp() async throws {
        let (discovery, sink) = (BonjourDiscovery(), RecordingSink())
        let good = kDNSServiceErr_NoError
        for (codes, reason) in [
            ([kDNSServiceErr_PolicyDenied], "Settings"), ([good, kDNSServiceErr_NoAuth], "NSBonjourServices"),
        ] {
            FakeBonjour.refuse(codes)
            let said = await refusal { try discovery.start(search: 1, service: own, sightings: sink) }
            guard case .Denied(let text)? = said else { return XCTFail("\(String(describing: said))") }
            XCTAssertTrue(text.contains(reason), text)
            XCTAssertEqual(FakeBonjour.count, 0)
        }
        FakeBonjour.refuse([good, kDNSServiceErr_BadParam])
        let said = await refusal { try discovery.start(search: 1, service: own, sightings: sink) }
        XCTAssertEqual(said, .Failed(reason: "Bonjour failed with code -65540: turn Wi-Fi off and on again"))
    }

    func testConnectsTwoPhonesByBonjour() async throws {
        try await eachFindsTheOther(
            PlatformPorts(discovery: BonjourDiscovery()), PlatformPorts(discovery: BonjourDiscovery())
        )
        try await until { FakeBonjour.count == 0 }
    }
}
#endif
