#if canImport(Network)
import Foundation
import Network

/// Tells mobile data, and another phone's hotspot, from Wi-Fi.
public final class PathNetwork: NetworkMonitor, @unchecked Sendable {
    private let monitor = NWPathMonitor()

    public init() {
        monitor.start(queue: DispatchQueue(label: "org.fieldcast.network"))
    }

    deinit {
        monitor.cancel()
    }

    public func kind() throws -> NetworkKind? {
        let path = monitor.currentPath
        guard path.status == .satisfied else { return nil }
        return path.isExpensive ? .metered : .unmetered
    }
}
#endif
