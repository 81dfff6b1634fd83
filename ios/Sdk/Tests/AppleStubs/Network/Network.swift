// The part of Apple's `Network` that the SDK uses, declared as Swift sees it on an iPhone. Only Apple's API is public.
import Foundation

public struct NWInterface: Sendable {
    public enum InterfaceType: Sendable {
        case other, wifi, cellular, wiredEthernet, loopback
    }
}

public struct NWPath: Equatable, Sendable {
    public enum Status: Sendable {
        case satisfied, unsatisfied, requiresConnection
    }

    public let status: Status
    public let isExpensive: Bool
    public let isConstrained: Bool
}

public final class NWPathMonitor: @unchecked Sendable {
    private let lock = NSLock()
    private var handler: (@Sendable (NWPath) -> Void)?
    private var started: DispatchQueue?

    public init() {}

    public init(requiredInterfaceType: NWInterface.InterfaceType) {}

    public var currentPath: NWPath { Way.now }

    @preconcurrency public var pathUpdateHandler: (@Sendable (_ newPath: NWPath) -> Void)? {
        get { lock.withLock { handler } }
        set { lock.withLock { handler = newValue } }
    }

    public func start(queue: DispatchQueue) {
        lock.withLock { started = queue }
        Way.watch(self)
        report()
    }

    public func cancel() {
        lock.withLock { started = nil }
        Way.forget(self)
    }

    fileprivate func report() {
        guard let queue = lock.withLock({ started }) else { return }
        queue.async {
            let handler = self.lock.withLock { self.started == nil ? nil : self.handler }
            handler?(self.currentPath)
        }
    }
}

/// The internet connection.
enum Way {
    private static let lock = NSLock()
    private static var path = NWPath(status: .satisfied, isExpensive: false, isConstrained: false)
    private static var monitors: [ObjectIdentifier: NWPathMonitor] = [:]

    static var now: NWPath { lock.withLock { path } }

    /// Number of monitors.
    static var count: Int { lock.withLock { monitors.count } }

    static func becomes(_ status: NWPath.Status, isExpensive: Bool = false, isConstrained: Bool = false) {
        let watching = lock.withLock {
            path = NWPath(status: status, isExpensive: isExpensive, isConstrained: isConstrained)
            return Array(monitors.values)
        }
        watching.forEach { $0.report() }
    }

    fileprivate static func watch(_ monitor: NWPathMonitor) {
        lock.withLock { monitors[ObjectIdentifier(monitor)] = monitor }
    }

    fileprivate static func forget(_ monitor: NWPathMonitor) {
        _ = lock.withLock { monitors.removeValue(forKey: ObjectIdentifier(monitor)) }
    }
}
