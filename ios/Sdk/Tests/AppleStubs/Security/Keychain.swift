import Foundation

struct Refusal: Error {
    let status: OSStatus
}

/// The private keys of this iPhone.
enum Keychain {
    private static let lock = NSLock()
    private static var keys: [Data: SecKey] = [:]
    private static var made: UInt8 = 0
    private static var locked = false
    private static var enclave = true

    /// The stored keys.
    static var kept: [SecKey] { lock.withLock { Array(keys.values) } }

    /// Resets the stub.
    static func start(hasEnclave: Bool = true) {
        lock.withLock { (keys, locked, enclave) = ([:], false, hasEnclave) }
    }

    /// Whether this iPhone refuses all keys, as before the first unlock after it was turned on.
    static func isLocked(_ isLocked: Bool) {
        lock.withLock { locked = isLocked }
    }

    static func found(_ query: CFDictionary) -> Result<SecKey, Refusal> {
        lock.withLock {
            guard query[kSecClass] as? String == kSecClassKey as String, query[kSecReturnRef] as? Bool == true,
                query[kSecUseDataProtectionKeychain] as? Bool == true, isCurve(query),
                let tag = query[kSecAttrApplicationTag] as? Data
            else { return refused(errSecParam) }
            guard let key = keys[tag] else { return refused(errSecItemNotFound) }
            return locked ? refused(errSecInteractionNotAllowed) : .success(key)
        }
    }

    static func made(_ parameters: CFDictionary) -> Result<SecKey, Refusal> {
        lock.withLock {
            let isInEnclave = parameters[kSecAttrTokenID] as? String == kSecAttrTokenIDSecureEnclave as String
            guard let own = parameters[kSecPrivateKeyAttrs] as? CFDictionary, isCurve(parameters),
                parameters[kSecAttrKeySizeInBits] as? Int == 256,
                parameters[kSecUseDataProtectionKeychain] as? Bool == true,
                own[kSecAttrIsPermanent] as? Bool == true, let tag = own[kSecAttrApplicationTag] as? Data,
                let access = own[kSecAttrAccessControl] as? SecAccessControl,
                access.protection == kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
                access.flags == (isInEnclave ? .privateKeyUsage : []), enclave || !isInEnclave
            else { return refused(errSecParam) }
            guard !locked else { return refused(errSecInteractionNotAllowed) }
            made += 1
            let key = SecKey(made, isPrivate: true, isInEnclave: isInEnclave)
            keys[tag] = key
            return .success(key)
        }
    }

    /// A simple reversible encryption that detects foreign input: the number of the key, then the reversed data.
    static func encrypted(_ key: SecKey, _ algorithm: SecKeyAlgorithm, _ plain: Data) -> Result<CFData, Refusal> {
        guard !key.isPrivate, algorithm == .eciesEncryptionCofactorVariableIVX963SHA256AESGCM else {
            return refused(errSecParam)
        }
        return .success((Data([key.id]) + plain.map { ~$0 }) as CFData)
    }

    static func decrypted(_ key: SecKey, _ algorithm: SecKeyAlgorithm, _ wrapped: Data) -> Result<CFData, Refusal> {
        guard key.isPrivate, algorithm == .eciesEncryptionCofactorVariableIVX963SHA256AESGCM, wrapped.first == key.id
        else { return refused(errSecParam) }
        guard !lock.withLock({ locked }) else { return refused(errSecInteractionNotAllowed) }
        return .success(Data(wrapped.dropFirst().map { ~$0 }) as CFData)
    }

    private static func isCurve(_ attributes: CFDictionary) -> Bool {
        attributes[kSecAttrKeyType] as? String == kSecAttrKeyTypeECSECPrimeRandom as String
    }

    private static func refused<Value>(_ status: OSStatus) -> Result<Value, Refusal> {
        .failure(Refusal(status: status))
    }
}
