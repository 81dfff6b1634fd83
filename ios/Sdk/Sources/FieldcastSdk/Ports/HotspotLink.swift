#if !os(macOS)
import Foundation
import Network
import NetworkExtension

/// Joins the Wi-Fi group of an Android phone. Needs the Hotspot Configuration entitlement; the system asks the person about
/// each new group.
public actor HotspotLink: WifiLink {
    private let interface: String
    private let wait: UInt64
    private var joined: String?
    private var watch: Task<Void, Never>?

    public init() {
        self.init(interface: "en0", wait: 500_000_000)
    }

    /// For tests: elsewhere than on an iPhone's Wi-Fi, and looking whether the group is there after so many nanoseconds.
    init(interface: String, wait: UInt64) {
        (self.interface, self.wait) = (interface, wait)
    }

    public func makeGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        throw PortError.Unavailable(reason: "this device cannot make a Wi-Fi group: let an Android phone make it, or use a router")
    }

    public func joinGroup(group: WifiGroup, changes: GroupChanges) async throws -> IpAddr {
        let manager = NEHotspotConfigurationManager.shared
        // What was joined when the app was killed; and a configuration that is there already is not tried again.
        for left in await manager.configuredSSIDs() where left == group.name || left.hasPrefix("DIRECT-fc-") {
            manager.removeConfiguration(forSSID: left)
        }
        joined = group.name
        do {
            try await Self.apply(group)
            let address = try await associated(with: group.name)
            guard joined == group.name else { throw CancellationError() } // it was left meanwhile
            follow(group.name, changes)
            return address
        } catch {
            if joined == group.name { try? await leaveGroup() } // and not the one that was joined meanwhile
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

    /// It is no error that this device is in the group already.
    private static func apply(_ group: WifiGroup) async throws {
        let configuration = NEHotspotConfiguration(ssid: group.name, passphrase: group.passphrase, isWEP: false)
        do {
            try await NEHotspotConfigurationManager.shared.apply(configuration)
        } catch let error where code(error) == .alreadyAssociated {}
    }

    /// The system says yes long before the device is in the network, and says yes when it never gets there.
    private func associated(with name: String) async throws -> IpAddr {
        for _ in 0..<60 {
            if let address = await Self.address(in: name, on: interface) { return address }
            try await Task.sleep(nanoseconds: wait)
        }
        throw PortError.Unavailable(reason: "the group was not joined in 30 seconds: come nearer, and try again")
    }

    /// Tells when the group is lost, and when the system has joined it again: one after the other, so that what is told last
    /// is how it is.
    private func follow(_ name: String, _ changes: GroupChanges) {
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

    /// Wi-Fi as it is, and whenever that changes.
    private static func paths() -> AsyncStream<NWPath> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { paths in
            let monitor = NWPathMonitor(requiredInterfaceType: .wifi)
            monitor.pathUpdateHandler = { paths.yield($0) }
            paths.onTermination = { _ in monitor.cancel() }
            monitor.start(queue: DispatchQueue(label: "org.fieldcast.group"))
        }
    }

    /// This device's address in the group; none while it is elsewhere.
    private static func address(in name: String, on interface: String) async -> IpAddr? {
        guard await NEHotspotNetwork.fetchCurrent()?.ssid == name else { return nil }
        return ownAddress(of: interface)
    }

    private static func told(_ error: Error) -> PortError {
        if let error = error as? PortError { return error }
        switch code(error) {
        case .userDenied, .userUnauthorized:
            return .Denied(reason: "joining the group was not allowed")
        case .invalidSSID, .invalidWPAPassphrase:
            return .Failed(reason: "the group's name or passphrase is none")
        case .applicationIsNotInForeground:
            return .Unavailable(reason: "groups are joined while the app is on the screen")
        case let code?:
            return .Unavailable(reason: "the system says \(code.rawValue)")
        case nil:
            return .Failed(reason: (error as NSError).domain)
        }
    }

    private static func code(_ error: Error) -> NEHotspotConfigurationError? {
        let told = error as NSError
        guard told.domain == NEHotspotConfigurationErrorDomain else { return nil }
        return NEHotspotConfigurationError(rawValue: told.code)
    }
}
#endif
