import Foundation

/// Passes each event to its job or session, then to all iterations. Never blocks.
final class Router: EventListener, @unchecked Sendable {
    private typealias Watcher = (Event) -> Void

    private let lock = NSLock()
    private var watchers: [UInt64: Watcher] = [:]
    private var readers: [UUID: AsyncStream<Event>.Continuation] = [:]
    /// Events of sessions without a watcher yet; kept only while a session starts.
    private var early: [Event] = []
    private var starts = 0

    func onEvent(event: Event) {
        let watching = lock.withLock { () -> [Watcher] in
            guard let session = event.session else { return Array(watchers.values) }
            guard let watcher = watchers[session] else {
                if starts > 0 { early.append(event) }
                return []
            }
            if event.isOver { watchers[session] = nil }
            return [watcher]
        }
        watching.forEach { $0(event) }
        lock.withLock { readers.values.forEach { $0.yield(event) } }
    }

    func events() -> AsyncStream<Event> {
        AsyncStream(bufferingPolicy: .bufferingNewest(256)) { reader in
            let id = UUID()
            reader.onTermination = { [weak self] _ in self?.forget(id) }
            lock.withLock { readers[id] = reader }
        }
    }

    /// Starts a job or session without losing the events before it has a watcher.
    func starting<S, W>(_ start: () async throws -> S, watched: (S) throws -> W) async throws -> W {
        lock.withLock { starts += 1 }
        defer {
            lock.withLock {
                starts -= 1
                if starts == 0 { early.removeAll() }
            }
        }
        return try watched(try await start())
    }

    /// Passes the past and future events of a session to `watcher` until the session ends.
    func watch(_ session: UInt64, _ watcher: @escaping (Event) -> Void) {
        lock.withLock {
            let missed = early.filter { $0.session == session }
            early.removeAll { $0.session == session }
            missed.forEach(watcher) // inside the lock, so that new events come after these
            if !missed.contains(where: \.isOver) { watchers[session] = watcher }
        }
    }

    private func forget(_ id: UUID) {
        lock.withLock { _ = readers.removeValue(forKey: id) }
    }

    deinit {
        readers.values.forEach { $0.finish() }
    }
}
