import Foundation

/// Fieldcast on one device: all functions of ``FieldcastEngine``, plus an API for Swift concurrency.
///
/// No call blocks its thread, so all calls are safe on the main actor. If its task is cancelled, a call stops and
/// throws `CancellationError`. Keep one instance per process, and call ``shutDown()`` before you open another in the
/// same folder.
public final class Fieldcast: FieldcastEngine, @unchecked Sendable {
    private let lock = NSLock()
    private var listening: Router?
    private let ending = Once()

    /// All events from now on, as they happen. An iteration that is too slow misses the oldest events and blocks
    /// nothing. Ends after ``shutDown()``.
    public var events: AsyncStream<Event> { router.events() }

    /// After ``shutDown()``, an empty router, so that the engine's thread releases the real one last.
    private var router: Router { lock.withLock { listening } ?? Router() }

    private init(engine: FieldcastEngine, router: Router) {
        listening = router
        super.init(unsafeFromHandle: engine.uniffiCloneHandle())
    }

    /// Only for the generated code, which has no listener.
    required init(unsafeFromHandle handle: UInt64) {
        super.init(unsafeFromHandle: handle)
    }

    /// Opens Fieldcast in its folder and creates the folder on first use. The folder must be excluded from backups,
    /// such as ``folder()``: a device key that is restored on another phone would give two phones the same identity.
    /// `ports` are the phone's services for Fieldcast.
    public static func open(_ settings: OpenSettings, ports: PlatformPorts = .system()) async throws -> Fieldcast {
        let router = Router()
        return Fieldcast(engine: try await open(settings: settings, ports: ports, listener: router), router: router)
    }

    /// `Application Support/fieldcast`, excluded from backups.
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

    /// Starts to download the leaf boundaries with these codes. Uses mobile data only if `allowMetered` is set.
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

    /// Offers these datasets to nearby receivers until ``Offering/stop()``.
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

    /// Ends all jobs and sessions, notifies the other devices, and closes everything, even if the task is cancelled. No
    /// other call works afterwards.
    public override func shutDown() async throws {
        try await ending.run {
            try await super.shutDown()
            self.lock.withLock { self.listening = nil }
        }
    }
}

extension Fieldcast {
    /// Calls ``offer(_:options:)`` and keeps the offer while `body` runs. Notifies the receivers when `body` ends, also
    /// after an error.
    public func offering<T>(
        _ datasets: [Dataset],
        options: ExchangeOptions = ExchangeOptions(),
        _ body: (Offering) async throws -> T
    ) async throws -> T {
        let offering = try await offer(datasets, options: options)
        return try await ended { try await body(offering) } by: { try await offering.stop() }
    }

    /// Calls ``receive(options:)`` and keeps receiving while `body` runs. Notifies the distributor when `body` ends,
    /// also after an error.
    public func receiving<T>(
        options: ExchangeOptions = ExchangeOptions(), _ body: (Receiving) async throws -> T
    ) async throws -> T {
        let receiving = try await receive(options: options)
        return try await ended { try await body(receiving) } by: { try await receiving.stop() }
    }

    /// Joins a Wi-Fi group while `body` runs. Leaves the group when `body` ends, also after an error.
    public func joined<T>(_ group: WifiGroup, _ body: (JoinedGroup) async throws -> T) async throws -> T {
        let joined = try await joinGroup(group: group)
        return try await ended { try await body(joined) } by: {
            try await Task.detached { try await self.leaveGroup() }.value
        }
    }

    /// All records that match, read page by page during iteration.
    public func allRecords(_ query: RecordQuery) -> AllRecords {
        AllRecords(engine: self, query: query)
    }

    private func ended<T>(_ body: () async throws -> T, by stop: () async throws -> Void) async throws -> T {
        let value: T
        do {
            value = try await body()
        } catch {
            try? await stop() // the first error is the one to report
            throw error
        }
        try await stop()
        return value
    }
}
