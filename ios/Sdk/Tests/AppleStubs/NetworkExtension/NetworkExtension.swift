// The part of Apple's `NetworkExtension` that the SDK uses, declared as Swift sees it on an iPhone. Only Apple's API is
// public.
import Foundation

public let NEHotspotConfigurationErrorDomain: String = "NEHotspotConfigurationErrorDomain"

public enum NEHotspotConfigurationError: Int, Sendable {
    case invalid = 0
    case invalidSSID = 1
    case invalidWPAPassphrase = 2
    case invalidWEPPassphrase = 3
    case invalidEAPSettings = 4
    case invalidHS20Settings = 5
    case invalidHS20DomainName = 6
    case userDenied = 7
    case `internal` = 8
    case pending = 9
    case systemConfiguration = 10
    case unknown = 11
    case joinOnceNotSupported = 12
    case alreadyAssociated = 13
    case applicationIsNotInForeground = 14
    case invalidSSIDPrefix = 15
    case userUnauthorized = 16
    case systemDenied = 17
}

open class NEHotspotConfiguration: NSObject {
    open private(set) var ssid: String
    let passphrase: String

    public init(ssid SSID: String, passphrase: String, isWEP: Bool) {
        (ssid, self.passphrase) = (SSID, passphrase)
    }
}

open class NEHotspotConfigurationManager: NSObject {
    private static let one = NEHotspotConfigurationManager()

    open class var shared: NEHotspotConfigurationManager { one }

    open func apply(_ configuration: NEHotspotConfiguration) async throws {
        try Radio.apply(configuration)
    }

    open func removeConfiguration(forSSID SSID: String) {
        Radio.remove(SSID)
    }

    open func configuredSSIDs() async -> [String] { Radio.configured }
}

open class NEHotspotNetwork: NSObject {
    open private(set) var ssid: String

    init(ssid: String) {
        self.ssid = ssid
    }

    open class func fetchCurrent() async -> NEHotspotNetwork? {
        let network = Radio.current.map(NEHotspotNetwork.init(ssid:))
        await Radio.takeHold()?.value
        return network
    }
}

/// The Wi-Fi of this iPhone, and the nearby networks.
enum Radio {
    private static let lock = NSLock()
    private static var near: [String: String] = [:]
    private static var known: [String] = []
    private static var joined: String?
    private static var refusal: NEHotspotConfigurationError?
    private static var hold: Task<Void, Never>?

    /// The networks that this app has configured.
    static var configured: [String] { lock.withLock { known } }

    /// The iPhone's current network.
    static var current: String? { lock.withLock { joined } }

    /// Resets the stub: nearby networks with names and passphrases, networks that were configured and joined earlier,
    /// and the system's answer to every request.
    static func start(
        near: [String: String] = [:], configured: [String] = [], joined: String? = nil,
        refusal: NEHotspotConfigurationError? = nil
    ) {
        lock.withLock { (self.near, known, self.joined, self.refusal) = (near, configured, joined, refusal) }
    }

    /// Moves the iPhone out of its network, or into another one.
    static func moves(to network: String?) {
        lock.withLock { joined = network }
    }

    /// Delays the answer to the next query of the network until this task ends.
    static func answers(after task: Task<Void, Never>) {
        lock.withLock { hold = task }
    }

    fileprivate static func takeHold() -> Task<Void, Never>? {
        lock.withLock {
            defer { hold = nil }
            return hold
        }
    }

    /// Whether the answer is still delayed.
    static var isHeld: Bool { lock.withLock { hold != nil } }

    /// Joins only a nearby network, but always reports success.
    fileprivate static func apply(_ configuration: NEHotspotConfiguration) throws {
        try lock.withLock {
            if let refusal { throw NSError(domain: NEHotspotConfigurationErrorDomain, code: refusal.rawValue) }
            known.append(configuration.ssid)
            if near[configuration.ssid] == configuration.passphrase { joined = configuration.ssid }
        }
    }

    fileprivate static func remove(_ name: String) {
        lock.withLock {
            guard known.contains(name) else { return }
            known.removeAll { $0 == name }
            if joined == name { joined = nil }
        }
    }
}
