import Foundation
import dnssd

/// Announces this device and discovers others with the system's Bonjour. It needs no multicast entitlement, but needs
/// `_fieldcast._tcp` in `NSBonjourServices`. It does not use `NWListener` and `NWBrowser`: they announce a separate
/// port and do not report the addresses of the services they find.
public final class BonjourDiscovery: PeerDiscovery, @unchecked Sendable {
    private let lock = NSLock()
    private var searches: [UInt64: BonjourSearch] = [:]

    public init() {}

    deinit {
        searches.values.forEach { $0.stop() } // callbacks use their unretained pointers
    }

    public func start(search: UInt64, service: LocalService, sightings: PeerDiscoverySink) throws {
        let begun = BonjourSearch(sightings)
        do {
            try begun.start(service)
        } catch {
            begun.stop()
            throw error
        }
        lock.withLock { searches[search] = begun }
    }

    public func stop(search: UInt64) throws {
        lock.withLock { searches.removeValue(forKey: search) }?.stop()
    }
}

/// One announcement and one search. All work except ``start(_:)`` and ``stop()`` runs in its queue.
private final class BonjourSearch: @unchecked Sendable {
    let queue = DispatchQueue(label: "org.fieldcast.bonjour")
    let sink: PeerDiscoverySink
    private var operations: [DNSServiceRef] = []
    private var found: [String: BonjourService] = [:]

    init(_ sink: PeerDiscoverySink) {
        self.sink = sink
    }

    func start(_ service: LocalService) throws {
        try queue.sync {
            try announce(service)
            try browse(service)
        }
    }

    /// Stops the search. Nothing is reported afterwards.
    func stop() {
        queue.sync {
            found.values.forEach { $0.stop() }
            operations.forEach { DNSServiceRefDeallocate($0) }
            (found, operations) = ([:], [])
        }
    }

    private func announce(_ service: LocalService) throws {
        let txt = TxtRecord.bytes(service.txt)
        var operation: DNSServiceRef?
        let code = DNSServiceRegister(
            &operation, 0, service.interface.index ?? 0, service.name, service.kind, nil, nil, service.port.bigEndian,
            UInt16(txt.count), txt, nil, nil
        )
        operations.append(try begun(operation, code, in: queue))
    }

    private func browse(_ service: LocalService) throws {
        var operation: DNSServiceRef?
        let code = DNSServiceBrowse(
            &operation, 0, service.interface.index ?? 0, service.kind, nil,
            { _, flags, interface, code, name, kind, domain, context in
                guard code == 0, let context, let name, let kind, let domain else { return }
                let search = Unmanaged<BonjourSearch>.fromOpaque(context).takeUnretainedValue()
                let isThere = Int(flags) & Int(kDNSServiceFlagsAdd) != 0
                search.take(
                    String(cString: name), isThere, interface, String(cString: kind), String(cString: domain)
                )
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        operations.append(try begun(operation, code, in: queue))
    }

    private func take(_ name: String, _ isThere: Bool, _ interface: UInt32, _ kind: String, _ domain: String) {
        found.removeValue(forKey: name)?.stop()
        guard isThere else {
            try? sink.lost(name: name)
            return
        }
        let service = BonjourService(name, interface, self)
        found[name] = service
        service.resolve(kind, domain)
    }
}

/// A discovered service. Its port, record and addresses arrive one after another.
private final class BonjourService {
    private let name: String
    private let interface: UInt32
    private unowned let search: BonjourSearch
    private var operations: [DNSServiceRef] = []
    private var host: String?
    private var port: UInt16 = 0
    private var txt: [String: String] = [:]
    private var addresses: [IpAddr] = []

    init(_ name: String, _ interface: UInt32, _ search: BonjourSearch) {
        (self.name, self.interface, self.search) = (name, interface, search)
    }

    func stop() {
        operations.forEach { DNSServiceRefDeallocate($0) }
        operations = []
    }

    func resolve(_ kind: String, _ domain: String) {
        var operation: DNSServiceRef?
        let code = DNSServiceResolve(
            &operation, 0, interface, name, kind, domain,
            { _, _, _, code, _, host, port, length, record, context in
                guard code == 0, let context, let host else { return }
                let service = Unmanaged<BonjourService>.fromOpaque(context).takeUnretainedValue()
                service.port = UInt16(bigEndian: port)
                service.txt = TxtRecord.pairs(UnsafeBufferPointer(start: record, count: Int(length)))
                service.address(String(cString: host))
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        keep(operation, code)
    }

    /// Requests the addresses of a host, unless a request is running.
    private func address(_ host: String) {
        guard host != self.host else { return report() }
        self.host = host
        var operation: DNSServiceRef?
        let code = DNSServiceGetAddrInfo(
            &operation, 0, interface, 0, host,
            { _, flags, _, code, _, address, _, context in
                guard code == 0, let context, let address, let text = numeric(address) else { return }
                let service = Unmanaged<BonjourService>.fromOpaque(context).takeUnretainedValue()
                service.addresses.removeAll { $0 == text }
                if Int(flags) & Int(kDNSServiceFlagsAdd) != 0 { service.addresses.append(text) }
                service.report()
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
        keep(operation, code)
    }

    private func report() {
        guard !addresses.isEmpty else { return }
        try? search.sink.found(service: RemoteService(name: name, txt: txt, addresses: addresses, port: port))
    }

    /// If an operation fails, the service is treated as not found.
    private func keep(_ operation: DNSServiceRef?, _ code: DNSServiceErrorType) {
        if let operation = try? begun(operation, code, in: search.queue) { operations.append(operation) }
    }
}

/// An operation that runs in `queue`.
private func begun(
    _ operation: DNSServiceRef?, _ code: DNSServiceErrorType, in queue: DispatchQueue
) throws -> DNSServiceRef {
    guard code == 0, let operation else { throw portError(code) }
    let code = DNSServiceSetDispatchQueue(operation, queue)
    guard code == 0 else {
        DNSServiceRefDeallocate(operation)
        throw portError(code)
    }
    return operation
}

private func portError(_ code: DNSServiceErrorType) -> PortError {
    switch Int(code) {
    case kDNSServiceErr_PolicyDenied: .Denied(reason: "the local network is off for this app: allow it in Settings")
    case kDNSServiceErr_NoAuth: .Denied(reason: "add _fieldcast._tcp to NSBonjourServices in the app's Info.plist")
    default: .Failed(reason: "Bonjour failed with code \(code): turn Wi-Fi off and on again")
    }
}
