import Foundation

/// A changing value: iteration returns the current value and then later ones. A slow iteration sees the newest value,
/// not all values.
public final class Live<Value: Sendable>: AsyncSequence, @unchecked Sendable {
    public typealias Element = Value

    private let lock = NSLock()
    private var current: Value
    private var isOver = false
    private var readers: [UUID: AsyncStream<Value>.Continuation] = [:]

    init(_ value: Value) {
        current = value
    }

    /// The current value.
    public var value: Value { lock.withLock { current } }

    /// Starts with the current value. Ends with the job or session.
    public func makeAsyncIterator() -> AsyncStream<Value>.Iterator {
        let stream = AsyncStream<Value>(bufferingPolicy: .bufferingNewest(1)) { reader in
            let id = UUID()
            reader.onTermination = { [weak self] _ in self?.forget(id) }
            let hasEnded = lock.withLock {
                reader.yield(current)
                if !isOver { readers[id] = reader }
                return isOver
            }
            if hasEnded { reader.finish() }
        }
        return stream.makeAsyncIterator()
    }

    func update(_ change: (inout Value) -> Void) {
        lock.withLock {
            change(&current)
            readers.values.forEach { $0.yield(current) }
        }
    }

    func finish() {
        let ended = lock.withLock {
            isOver = true
            return Array(readers.values)
        }
        ended.forEach { $0.finish() } // calls `forget`
    }

    private func forget(_ id: UUID) {
        lock.withLock { _ = readers.removeValue(forKey: id) }
    }
}
