import Foundation
import Network

/// Reports mobile data, another phone's hotspot and networks in Low Data Mode as metered, and other Wi-Fi as unmetered.
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
        return path.isExpensive || path.isConstrained ? .metered : .unmetered
    }
}
