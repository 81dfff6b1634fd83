// What the SDK uses of Apple's `NetworkExtension`, declared as Swift sees it on an iPhone: public is what Apple has, no more.
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

/// The Wi-Fi of this iPhone, and the networks near by.
enum Radio {
    private static let lock = NSLock()
    private static var near: [String: String] = [:]
    private static var known: [String] = []
    private static var joined: String?
    private static var refusal: NEHotspotConfigurationError?
    private static var hold: Task<Void, Never>?

    /// The networks that this app has configured.
    static var configured: [String] { lock.withLock { known } }

    /// The network this iPhone is in.
    static var current: String? { lock.withLock { joined } }

    /// Begins anew: with networks near by, names and passphrases; with what was configured and joined earlier; and with what
    /// the system says to whatever is applied.
    static func start(
        near: [String: String] = [:], configured: [String] = [], joined: String? = nil,
        refusal: NEHotspotConfigurationError? = nil
    ) {
        lock.withLock { (self.near, known, self.joined, self.refusal) = (near, configured, joined, refusal) }
    }

    /// The iPhone leaves the network it is in, or comes into another.
    static func moves(to network: String?) {
        lock.withLock { joined = network }
    }

    /// The next time the network is asked for, the answer comes only after this.
    static func answers(after task: Task<Void, Never>) {
        lock.withLock { hold = task }
    }

    fileprivate static func takeHold() -> Task<Void, Never>? {
        lock.withLock {
            defer { hold = nil }
            return hold
        }
    }

    /// Whether the answer is yet to come.
    static var isHeld: Bool { lock.withLock { hold != nil } }

    /// Joins only what is near by, and says yes in any case.
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
