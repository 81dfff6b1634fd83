import Foundation

/// One device's Fieldcast: everything of ``FieldcastEngine``, and what makes it at home among Swift's tasks.
///
/// No call blocks its thread, so each may be made from the main actor. A call whose task is cancelled is dropped, and throws
/// `CancellationError`. Keep one per process, and ``shutDown()`` it before opening another in the same folder.
public final class Fieldcast: FieldcastEngine, @unchecked Sendable {
    private let lock = NSLock()
    private var listening: Router?
    private let ending = Once()

    /// What happens, as it happens, from now on. Whoever falls behind misses the oldest events and slows nothing. Ends after
    /// ``shutDown()``.
    public var events: AsyncStream<Event> { router.events() }

    /// After ``shutDown()`` one that hears nothing, so that the engine's thread lets go of the other as its last.
    private var router: Router { lock.withLock { listening } ?? Router() }

    private init(engine: FieldcastEngine, router: Router) {
        listening = router
        super.init(unsafeFromHandle: engine.uniffiCloneHandle())
    }

    /// For the generated code alone, which has no listener to give.
    required init(unsafeFromHandle handle: UInt64) {
        super.init(unsafeFromHandle: handle)
    }

    /// Opens Fieldcast in its folder, made on first use: one that is not backed up, for a device key that is restored on another
    /// phone would make two phones one. ``folder()`` is such. `ports` is what the phone does for it.
    /// `newIdentity`: make a new device key in the place of a missing or copied one; only when the user has said so.
    public static func open(
        dataDir: URL,
        deviceName: String? = nil,
        ports: PlatformPorts = .system(),
        allowHttp: Bool = false,
        newIdentity: Bool = false,
        workers: UInt8 = 2
    ) async throws -> Fieldcast {
        let router = Router()
        let settings = OpenSettings(
            dataDir: dataDir.path, deviceName: deviceName, allowHttp: allowHttp, newIdentity: newIdentity,
            workers: workers
        )
        return Fieldcast(engine: try await open(settings: settings, ports: ports, listener: router), router: router)
    }

    /// `Application Support/fieldcast`, which is left out of backups.
    public static func folder() throws -> URL {
        let manager = FileManager.default
        let support = try manager.url(
            for: .applicationSupportDirectory, in: .userDomainMask, appropriateFor: nil, create: true
        )
        var folder = support.appendingPathComponent("fieldcast", isDirectory: true)
        try manager.createDirectory(at: folder, withIntermediateDirectories: true)
        #if canImport(Darwin)
        var values = URLResourceValues()
        values.isExcludedFromBackup = true
        try folder.setResourceValues(values)
        #endif
        return folder
    }

    /// Starts downloading leaf boundaries, given by code; over mobile data only if that is allowed.
    public func downsync(
        _ project: Project, boundaries: [String], allowMetered: Bool = false
    ) async throws -> Downsync {
        let router = router
        return try await router.starting {
            try await startDownsync(project: project, boundaries: boundaries, allowMetered: allowMetered)
        } watched: {
            try Downsync(job: $0, router: router)
        }
    }

    /// Offers these datasets to the receivers near by until ``Offering/stop()``.
    public func offer(_ datasets: [Dataset], options: ExchangeOptions = ExchangeOptions()) async throws -> Offering {
        let router = router
        return try await router.starting {
            try await startOffer(datasets: datasets, options: options)
        } watched: {
            try Offering(session: $0, router: router)
        }
    }

    /// Waits for distributors until ``Receiving/stop()``.
    public func receive(options: ExchangeOptions = ExchangeOptions()) async throws -> Receiving {
        let router = router
        return try await router.starting {
            try await startReceive(options: options)
        } watched: {
            try Receiving(session: $0, router: router)
        }
    }

    /// Ends all jobs and sessions, tells the other sides, and closes everything, even if the task is cancelled. Nothing can be
    /// asked afterwards.
    public override func shutDown() async throws {
        try await ending.run {
            try await super.shutDown()
            self.lock.withLock { self.listening = nil }
        }
    }
}

extension Fieldcast {
    /// ``offer(_:options:)`` for as long as `body` runs; the receivers are told when it ends, however it ends.
    public func offering<T>(
        _ datasets: [Dataset],
        options: ExchangeOptions = ExchangeOptions(),
        _ body: (Offering) async throws -> T
    ) async throws -> T {
        let offering = try await offer(datasets, options: options)
        return try await ended { try await body(offering) } by: { try await offering.stop() }
    }

    /// ``receive(options:)`` for as long as `body` runs; the distributor is told when it ends, however it ends.
    public func receiving<T>(
        options: ExchangeOptions = ExchangeOptions(), _ body: (Receiving) async throws -> T
    ) async throws -> T {
        let receiving = try await receive(options: options)
        return try await ended { try await body(receiving) } by: { try await receiving.stop() }
    }

    /// In a Wi-Fi group for as long as `body` runs; it is left when that ends, however it ends.
    public func joined<T>(_ group: WifiGroup, _ body: (JoinedGroup) async throws -> T) async throws -> T {
        let joined = try await joinGroup(group: group)
        return try await ended { try await body(joined) } by: {
            try await Task.detached { try await self.leaveGroup() }.value
        }
    }

    /// Every record that fits, read a page at a time as they are asked for.
    public func allRecords(_ query: RecordQuery) -> AllRecords {
        AllRecords(engine: self, query: query)
    }

    private func ended<T>(_ body: () async throws -> T, by stop: () async throws -> Void) async throws -> T {
        let value: T
        do {
            value = try await body()
        } catch {
            try? await stop() // what went wrong first is what counts
            throw error
        }
        try await stop()
        return value
    }
}
