#if !os(macOS)
import Foundation
import Network
import NetworkExtension

/// Joins the Wi-Fi group of an Android phone. Needs the Hotspot Configuration entitlement. The system asks the user
/// about each new group.
public actor HotspotLink: WifiLink {
    private let interface: String
    private let wait: UInt64
    private var joined: String?
    private var watch: Task<Void, Never>?

    public init() {
        self.init(interface: "en0", wait: 500_000_000)
    }

    /// For tests: uses another interface than an iPhone's Wi-Fi, and checks for the group after this many nanoseconds.
    init(interface: String, wait: UInt64) {
        (self.interface, self.wait) = (interface, wait)
    }

    public func makeGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        throw PortError.Unavailable(reason: "this device cannot make a group: use an Android phone or a router")
    }

    public func joinGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        let manager = NEHotspotConfigurationManager.shared
        // Removes groups that were joined when the app was killed. The system does not retry an existing configuration.
        for left in await manager.configuredSSIDs() where left == group.name || left.hasPrefix("DIRECT-fc-") {
            manager.removeConfiguration(forSSID: left)
        }
        joined = group.name
        do {
            try await Self.apply(group)
            let address = try await associated(with: group.name)
            guard joined == group.name else { throw CancellationError() } // the group was left in the meantime
            monitor(group.name, changes)
            return address
        } catch {
            if joined == group.name { try? await leaveGroup() } // not a group that was joined in the meantime
            throw Self.portError(error)
        }
    }

    public func leaveGroup() async throws {
        guard let name = joined else { return }
        NEHotspotConfigurationManager.shared.removeConfiguration(forSSID: name)
        joined = nil
        watch?.cancel()
        watch = nil
    }

    /// No error if this device is in the group already.
    private static func apply(_ group: WifiGroup) async throws {
        let configuration = NEHotspotConfiguration(ssid: group.name, passphrase: group.passphrase, isWEP: false)
        do {
            try await NEHotspotConfigurationManager.shared.apply(configuration)
        } catch let error where code(error) == .alreadyAssociated {}
    }

    /// Waits for the group. The system reports success long before the device has joined, and even if it never joins.
    private func associated(with name: String) async throws -> IpAddr {
        for _ in 0..<60 {
            if let address = await Self.address(in: name, on: interface) { return address }
            try await Task.sleep(nanoseconds: wait)
        }
        throw PortError.Unavailable(reason: "the group was not joined in 30 seconds: move closer, then try again")
    }

    /// Reports when the group is lost and when the system has joined it again. The checks run one after another, so the
    /// last report is the current state.
    private func monitor(_ name: String, _ changes: GroupChanges) {
        watch?.cancel()
        watch = Task { [interface] in
            for await _ in Self.paths() {
                if let address = await Self.address(in: name, on: interface) {
                    try? changes.here(address: address)
                } else {
                    try? changes.lost()
                }
            }
        }
    }

    /// The current Wi-Fi path, and each change of it.
    private static func paths() -> AsyncStream<NWPath> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { paths in
            let monitor = NWPathMonitor(requiredInterfaceType: .wifi)
            monitor.pathUpdateHandler = { paths.yield($0) }
            paths.onTermination = { _ in monitor.cancel() }
            monitor.start(queue: DispatchQueue(label: "org.fieldcast.group"))
        }
    }

    /// This device's address in the group; nil while it is in another network.
    private static func address(in name: String, on interface: String) async -> IpAddr? {
        guard await NEHotspotNetwork.fetchCurrent()?.ssid == name else { return nil }
        return ownAddress(of: interface)
    }

    private static func portError(_ error: Error) -> PortError {
        if let error = error as? PortError { return error }
        switch code(error) {
        case .userDenied, .userUnauthorized:
            return .Denied(reason: "joining the group was not allowed: try again and tap Join")
        case .invalidSSID, .invalidWPAPassphrase:
            return .Failed(reason: "the group name or passphrase is invalid: scan the invite again")
        case .applicationIsNotInForeground:
            return .Unavailable(reason: "the app is in the background: open it first")
        case let code?:
            return .Unavailable(reason: "joining failed with code \(code.rawValue): try again")
        case nil:
            return .Failed(reason: (error as NSError).domain)
        }
    }

    private static func code(_ error: Error) -> NEHotspotConfigurationError? {
        let nsError = error as NSError
        guard nsError.domain == NEHotspotConfigurationErrorDomain else { return nil }
        return NEHotspotConfigurationError(rawValue: nsError.code)
    }
}
#endif
