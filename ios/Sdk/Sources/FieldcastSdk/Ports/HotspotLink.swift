#if os(iOS) && canImport(NetworkExtension)
import Foundation
import Network
import NetworkExtension

/// Joins the Wi-Fi group of an Android phone. Needs the Hotspot Configuration entitlement; the system asks the person about
/// each new group.
public actor HotspotLink: WifiLink {
    private var joined: String?
    private var watch: NWPathMonitor?

    public init() {}

    public func makeGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        throw PortError.Unavailable(reason: "this device cannot make a Wi-Fi group: let an Android phone make it, or use a router")
    }

    public func joinGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        let manager = NEHotspotConfigurationManager.shared
        // What was joined when the app was killed; and a configuration that is there already is not tried again.
        for left in await manager.configuredSSIDs() where left == group.name || left.hasPrefix("DIRECT-fc-") {
            manager.removeConfiguration(forSSID: left)
        }
        let configuration = NEHotspotConfiguration(ssid: group.name, passphrase: group.passphrase, isWEP: false)
        joined = group.name
        do {
            try await manager.apply(configuration)
            let address = try await associated(with: group.name)
            follow(group.name, changes)
            return address
        } catch {
            try? await leaveGroup()
            throw Self.told(error)
        }
    }

    public func leaveGroup() async throws {
        guard let name = joined else { return }
        NEHotspotConfigurationManager.shared.removeConfiguration(forSSID: name)
        joined = nil
        watch?.cancel()
        watch = nil
    }

    /// The system says yes long before the device is in the network, and says yes when it never gets there.
    private func associated(with name: String) async throws -> IpAddr {
        for _ in 0..<60 {
            if let address = await Self.address(in: name) { return address }
            try await Task.sleep(nanoseconds: 500_000_000)
        }
        throw PortError.Unavailable(reason: "the group was not joined in 30 seconds: come nearer, and try again")
    }

    /// Tells when the group is lost, and when the system has joined it again.
    private func follow(_ name: String, _ changes: GroupChanges) {
        let monitor = NWPathMonitor(requiredInterfaceType: .wifi)
        monitor.pathUpdateHandler = { _ in
            Task {
                if let address = await Self.address(in: name) {
                    try? changes.here(address: address)
                } else {
                    try? changes.lost()
                }
            }
        }
        watch?.cancel()
        watch = monitor
        monitor.start(queue: DispatchQueue(label: "org.fieldcast.group"))
    }

    /// This device's address in the group; none while it is elsewhere.
    private static func address(in name: String) async -> IpAddr? {
        guard await NEHotspotNetwork.fetchCurrent()?.ssid == name else { return nil }
        return ownAddress(of: "en0")
    }

    private static func told(_ error: Error) -> PortError {
        if let error = error as? PortError { return error }
        let told = error as NSError
        guard told.domain == NEHotspotConfigurationErrorDomain else { return .Failed(reason: told.domain) }
        switch NEHotspotConfigurationError(rawValue: told.code) {
        case .userDenied, .userUnauthorized:
            return .Denied(reason: "joining the group was not allowed")
        case .invalidSSID, .invalidWPAPassphrase:
            return .Failed(reason: "the group's name or passphrase is none")
        case .applicationIsNotInForeground:
            return .Unavailable(reason: "groups are joined while the app is on the screen")
        default:
            return .Unavailable(reason: "the system says \(told.code)")
        }
    }
}
#endif
