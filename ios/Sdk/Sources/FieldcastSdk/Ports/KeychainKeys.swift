import Foundation
import Security

/// Wraps the device key with a key that never leaves this device: in the Secure Enclave, or in the Keychain if there is
/// no enclave (a simulator, an old Mac). Available after the first unlock since the device was turned on.
public final class KeychainKeys: KeyStore, Sendable {
    private let tag: String

    public init(tag: String = "org.fieldcast.device-key") {
        self.tag = tag
    }

    public func wrapKey(key: Data) throws -> Data {
        guard let ours = SecKeyCopyPublicKey(try found() ?? made()) else {
            throw PortError.Failed(reason: "the Keychain's key has no public part: make a new identity")
        }
        var error: Unmanaged<CFError>?
        guard let wrapped = SecKeyCreateEncryptedData(ours, Self.algorithm, key as CFData, &error) else {
            throw Self.failed(error)
        }
        return wrapped as Data
    }

    public func unwrapKey(wrapped: Data) throws -> Data {
        guard let ours = try found() else {
            throw PortError.Failed(reason: "the Keychain's key is missing, as on a restored phone: make a new identity")
        }
        var error: Unmanaged<CFError>?
        guard let key = SecKeyCreateDecryptedData(ours, Self.algorithm, wrapped as CFData, &error) else {
            throw Self.failed(error)
        }
        return key as Data
    }

    private static let algorithm = SecKeyAlgorithm.eciesEncryptionCofactorVariableIVX963SHA256AESGCM

    private func found() throws -> SecKey? {
        let query: [CFString: Any] = [
            kSecClass: kSecClassKey,
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrApplicationTag: Data(tag.utf8),
            kSecUseDataProtectionKeychain: true,
            kSecReturnRef: true,
        ]
        var item: CFTypeRef?
        switch SecItemCopyMatching(query as CFDictionary, &item) {
        case errSecSuccess:
            return (item as! SecKey) // `kSecReturnRef` of a key returns this type
        case errSecItemNotFound:
            return nil
        case errSecInteractionNotAllowed:
            throw PortError.Denied(reason: "unlock the device first")
        case let status:
            throw PortError.Failed(reason: "the Keychain failed with code \(status)")
        }
    }

    private func made() throws -> SecKey {
        if let key = try? made(inEnclave: true) { return key }
        return try made(inEnclave: false)
    }

    private func made(inEnclave: Bool) throws -> SecKey {
        var error: Unmanaged<CFError>?
        guard let access = SecAccessControlCreateWithFlags(
            nil, kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly, inEnclave ? .privateKeyUsage : [], &error
        ) else {
            throw Self.failed(error)
        }
        let kept: [CFString: Any] = [
            kSecAttrIsPermanent: true, kSecAttrApplicationTag: Data(tag.utf8), kSecAttrAccessControl: access,
        ]
        var attributes: [CFString: Any] = [
            kSecAttrKeyType: kSecAttrKeyTypeECSECPrimeRandom,
            kSecAttrKeySizeInBits: 256,
            kSecUseDataProtectionKeychain: true,
            kSecPrivateKeyAttrs: kept,
        ]
        if inEnclave { attributes[kSecAttrTokenID] = kSecAttrTokenIDSecureEnclave }
        guard let key = SecKeyCreateRandomKey(attributes as CFDictionary, &error) else { throw Self.failed(error) }
        return key
    }

    private static func failed(_ error: Unmanaged<CFError>?) -> PortError {
        guard let error = error?.takeRetainedValue() else { return .Failed(reason: "the Keychain gave no reason") }
        if CFErrorGetCode(error) == Int(errSecInteractionNotAllowed) { return .Denied(reason: "unlock the device first") }
        return .Failed(reason: "the Keychain failed with code \(CFErrorGetCode(error))")
    }
}
