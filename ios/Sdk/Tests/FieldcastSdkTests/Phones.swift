import FieldcastSdk
import Foundation
import XCTest

/// The sandbox that `cargo xtask journey swift` has started.
let server = ProcessInfo.processInfo.environment["FIELDCAST_SANDBOX"] ?? "run this with `cargo xtask journey swift`"

/// Longer than any expected wait in the tests, in seconds.
let patience: UInt64 = 60

struct TimedOut: Error {}

func within<T: Sendable>(
    _ seconds: UInt64 = patience, _ body: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(nanoseconds: seconds * 1_000_000_000)
            throw TimedOut()
        }
        defer { group.cancelAll() }
        return try await group.next()!
    }
}

func until(_ holds: @escaping @Sendable () throws -> Bool) async throws {
    try await within {
        while try !holds() { try await Task.sleep(nanoseconds: 5_000_000) }
    }
}

func folder(_ name: String) -> URL {
    FileManager.default.temporaryDirectory.appendingPathComponent("\(name)-\(UUID())", isDirectory: true)
}

func phone(_ name: String, ports: PlatformPorts = PlatformPorts()) async throws -> Fieldcast {
    try await Fieldcast.open(OpenSettings(dataDir: folder(name).path, deviceName: name), ports: ports)
}

func opened(_ folder: URL, ports: PlatformPorts = PlatformPorts()) async throws -> Fieldcast {
    try await Fieldcast.open(OpenSettings(dataDir: folder.path), ports: ports)
}

/// Options for this machine only, without reserved storage.
func onLoopback(acceptAll: Bool = false) -> ExchangeOptions {
    ExchangeOptions(network: "127.0.0.1", acceptAll: acceptAll, reserve: 0)
}

extension Fieldcast {
    func logIn() async throws -> Project {
        _ = try await login(server: server, tenant: "mz", user: "distributor", password: "fieldcast")
        return try await chooseProject(idOrName: try await projects()[0].id)
    }

    func leaves(_ project: Project) async throws -> [String] {
        try await boundaries(project: project).filter(\.leaf).map(\.code)
    }

    /// Logs in and downloads this many boundaries.
    func download(_ count: Int) async throws -> [Dataset] {
        let project = try await logIn()
        let codes = try await leaves(project).prefix(count)
        let report = try await downsync(project, boundaries: Array(codes)).finished()
        XCTAssertEqual([report.done.count, report.failed.count], [count, 0])
        return try await datasets().map(\.summary.dataset)
    }

    func digests() async throws -> [Dataset: DataDigest] {
        let pairs = try await datasets().map { ($0.summary.dataset, $0.summary.digest) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

extension Live {
    /// The first value that `pick` accepts.
    func first<R: Sendable>(_ pick: @escaping @Sendable (Value) -> R?) async throws -> R {
        let found = try await within { () -> R? in
            for await value in self {
                if let picked = pick(value) { return picked }
            }
            return nil
        }
        return try XCTUnwrap(found, "the values ended before")
    }
}

extension Offering {
    /// The receiver, as soon as it is found.
    func found(_ receiver: Fingerprint) async throws -> NearbyReceiver {
        try await receivers.first { $0.first { $0.peer.fingerprint == receiver } }
    }

    /// How sending to a receiver ended.
    func failed(_ receiver: Fingerprint) async throws -> Ending {
        try await receivers.first { nearby in
            guard case .failed(let ending, _)? = nearby.first(where: { $0.peer.fingerprint == receiver })?.state else {
                return nil
            }
            return ending
        }
    }
}

/// Checks that the phones find each other only with their own discovery.
func eachFindsTheOther(_ distributor: PlatformPorts, _ receiver: PlatformPorts) async throws {
    let quiet = ExchangeOptions(network: "127.0.0.1", mdns: false, reserve: 0)
    let sender = try await phone("swift-sees", ports: distributor)
    let other = try await phone("swift-seen", ports: receiver)
    let project = try await sender.logIn()
    let leaf = try await sender.leaves(project)[0]
    _ = try await sender.downsync(project, boundaries: [leaf], allowMetered: true).finished()
    let datasets = try await sender.datasets().map(\.summary.dataset)
    try await other.receiving(options: quiet) { receiving in
        try await sender.offering(datasets, options: quiet) { offering in
            let found = try await offering.found(try other.device().fingerprint)
            XCTAssertFalse(found.peer.by.mdns)
            _ = try await receiving.status.first { $0.distributors.first }
        }
    }
    try await sender.shutDown()
    try await other.shutDown()
}
