import Foundation

/// An announced service.
struct Announced {
    var name: String
    var kind: String
    var interface: UInt32
    var host: String
    var port: UInt16
    var txt: [UInt8]
    var addresses: [String]
}

/// The target of a `DNSServiceRef`. Its callbacks run in its queue, from the time when it has one until it is
/// deallocated.
final class Operation: @unchecked Sendable {
    enum Request {
        case announce(Announced)
        case browse(String, UInt32, DNSServiceBrowseReply, UnsafeMutableRawPointer?)
        case resolve(String, DNSServiceResolveReply, UnsafeMutableRawPointer?)
        case addresses(String, DNSServiceGetAddrInfoReply, UnsafeMutableRawPointer?)
    }

    let request: Request
    fileprivate var queue: DispatchQueue?

    init(_ request: Request) {
        self.request = request
    }

    var reference: DNSServiceRef { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }
}

/// The announced services and their listeners.
enum FakeBonjour {
    static let domain = "local."
    private static let lock = NSRecursiveLock()
    private static var operations: [DNSServiceRef: Operation] = [:]
    private static var services: [Announced] = []
    private static var codes: [Int] = []

    /// Number of running operations.
    static var count: Int { lock.withLock { operations.count } }

    /// The next operations fail with these codes; later ones succeed.
    static func refuse(_ next: [Int]) {
        lock.withLock { codes = next }
    }

    /// A service appears, or a service with this name changes.
    static func appear(_ service: Announced) {
        lock.withLock {
            let isNew = !services.contains { $0.name == service.name }
            services.removeAll { $0.name == service.name }
            services.append(service)
            operations.values.forEach { isNew ? found($0, service, kDNSServiceFlagsAdd) : resolved($0, service) }
        }
    }

    static func vanish(_ name: String) {
        lock.withLock {
            guard let gone = services.first(where: { $0.name == name }) else { return }
            services.removeAll { $0.name == name }
            operations.values.forEach { found($0, gone, 0) }
        }
    }

    static func address(_ text: String, of host: String, isThere: Bool) {
        lock.withLock {
            operations.values.forEach { addressed($0, text, of: host, isThere ? kDNSServiceFlagsAdd : 0) }
        }
    }

    static func begin(
        _ reference: UnsafeMutablePointer<DNSServiceRef?>, _ operation: Operation
    ) -> DNSServiceErrorType {
        lock.withLock {
            let code = codes.isEmpty ? kDNSServiceErr_NoError : codes.removeFirst()
            guard code == kDNSServiceErr_NoError else { return DNSServiceErrorType(code) }
            operations[operation.reference] = operation
            reference.pointee = operation.reference
            return DNSServiceErrorType(code)
        }
    }

    static func schedule(_ reference: DNSServiceRef, _ queue: DispatchQueue) -> DNSServiceErrorType {
        lock.withLock {
            guard let operation = operations[reference], operation.queue == nil else {
                return DNSServiceErrorType(kDNSServiceErr_BadParam)
            }
            operation.queue = queue
            if case .announce(let service) = operation.request { appear(service) }
            for service in services {
                found(operation, service, kDNSServiceFlagsAdd)
                resolved(operation, service)
                for text in service.addresses { addressed(operation, text, of: service.host, kDNSServiceFlagsAdd) }
            }
            return DNSServiceErrorType(kDNSServiceErr_NoError)
        }
    }

    /// Traps where Apple's function may crash: for an unknown reference, and for a call outside the queue of the
    /// callbacks.
    static func end(_ reference: DNSServiceRef) {
        let operation = lock.withLock { operations[reference] }
        guard let operation else { fatalError("the reference was deallocated twice") }
        if let queue = operation.queue { dispatchPrecondition(condition: .onQueue(queue)) }
        _ = lock.withLock { operations.removeValue(forKey: reference) }
        if case .announce(let service) = operation.request { vanish(service.name) }
    }

    /// Calls back, if the operation is still running.
    private static func reply(_ operation: Operation, _ body: @escaping (DNSServiceRef) -> Void) {
        operation.queue?.async {
            if lock.withLock({ operations[operation.reference] === operation }) { body(operation.reference) }
        }
    }

    private static func found(_ operation: Operation, _ service: Announced, _ flags: DNSServiceFlags) {
        guard case .browse(let kind, let interface, let callBack, let context) = operation.request,
            kind == service.kind, interface == 0 || interface == service.interface
        else { return }
        reply(operation) { callBack($0, flags, service.interface, 0, service.name, "\(kind).", domain, context) }
    }

    private static func resolved(_ operation: Operation, _ service: Announced) {
        guard case .resolve(service.name, let callBack, let context) = operation.request else { return }
        let (name, port) = ("\(service.name).\(service.kind).\(domain)", service.port.bigEndian)
        reply(operation) {
            callBack(
                $0, 0, service.interface, 0, name, service.host, port, UInt16(service.txt.count), service.txt, context
            )
        }
    }

    /// Reports that there is no IPv6 address, then the IPv4 address.
    private static func addressed(_ operation: Operation, _ text: String, of host: String, _ flags: DNSServiceFlags) {
        guard case .addresses(host, let callBack, let context) = operation.request else { return }
        let none = DNSServiceErrorType(kDNSServiceErr_NoSuchRecord)
        reply(operation) { reference in
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            asAny(&address) { callBack(reference, kDNSServiceFlagsAdd, 0, none, host, $0, 0, context) }
        }
        reply(operation) { reference in
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, text, &address.sin_addr)
            asAny(&address) { callBack(reference, flags, 0, 0, host, $0, 120, context) }
        }
    }

    private static func asAny<Address>(_ address: inout Address, _ body: (UnsafePointer<sockaddr>) -> Void) {
        withUnsafePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
    }
}
