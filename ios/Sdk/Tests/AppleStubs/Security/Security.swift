// The part of Apple's `Security` that the SDK uses, declared as Swift sees it on an iPhone. Only Apple's API is public.
// Keychain.swift implements the behaviour.
import Foundation

// From Core Foundation. On an iPhone these are separate classes, which convert to these types with the same `as`.
public typealias CFString = NSString
public typealias CFData = NSData
public typealias CFDictionary = NSDictionary
public typealias CFError = NSError
public typealias CFTypeRef = AnyObject
public typealias CFIndex = Int
public typealias OSStatus = Int32
public final class CFAllocator {}

public func CFErrorGetCode(_ err: CFError!) -> CFIndex { err.code }

public var errSecSuccess: OSStatus { 0 }
public var errSecParam: OSStatus { -50 }
public var errSecItemNotFound: OSStatus { -25300 }
public var errSecInteractionNotAllowed: OSStatus { -25308 }

public let kSecClass: CFString = "class"
public let kSecClassKey: CFString = "keys"
public let kSecAttrKeyType: CFString = "type"
public let kSecAttrKeyTypeECSECPrimeRandom: CFString = "73"
public let kSecAttrKeySizeInBits: CFString = "bsiz"
public let kSecAttrApplicationTag: CFString = "atag"
public let kSecAttrIsPermanent: CFString = "perm"
public let kSecAttrAccessControl: CFString = "accc"
public let kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly: CFString = "cku"
public let kSecAttrTokenID: CFString = "tkid"
public let kSecAttrTokenIDSecureEnclave: CFString = "com.apple.setoken"
public let kSecPrivateKeyAttrs: CFString = "private"
public let kSecReturnRef: CFString = "r_Ref"
public let kSecUseDataProtectionKeychain: CFString = "nleg"

public struct SecKeyAlgorithm: Hashable, RawRepresentable, @unchecked Sendable {
    public let rawValue: CFString

    public init(rawValue: CFString) {
        self.rawValue = rawValue
    }

    public static let eciesEncryptionCofactorVariableIVX963SHA256AESGCM =
        SecKeyAlgorithm(rawValue: "algid:encrypt:ECIES:ECDHC:KDFX963:SHA256:AESGCM-KDFIV")
}

public struct SecAccessControlCreateFlags: OptionSet, Sendable {
    public let rawValue: CFIndex

    public init(rawValue: CFIndex) {
        self.rawValue = rawValue
    }

    public static var privateKeyUsage: SecAccessControlCreateFlags { SecAccessControlCreateFlags(rawValue: 1 << 30) }
}

public final class SecAccessControl {
    let protection: CFString
    let flags: SecAccessControlCreateFlags

    init(_ protection: CFString, _ flags: SecAccessControlCreateFlags) {
        (self.protection, self.flags) = (protection, flags)
    }
}

public final class SecKey {
    let id: UInt8
    let isPrivate: Bool
    let isInEnclave: Bool

    init(_ id: UInt8, isPrivate: Bool, isInEnclave: Bool) {
        (self.id, self.isPrivate, self.isInEnclave) = (id, isPrivate, isInEnclave)
    }
}

public func SecAccessControlCreateWithFlags(
    _ allocator: CFAllocator?, _ protection: CFTypeRef, _ flags: SecAccessControlCreateFlags,
    _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecAccessControl? {
    guard let protection = protection as? CFString else { return failed(errSecParam, error) }
    return SecAccessControl(protection, flags)
}

public func SecItemCopyMatching(_ query: CFDictionary, _ result: UnsafeMutablePointer<CFTypeRef?>?) -> OSStatus {
    switch Keychain.found(query) {
    case .success(let key):
        result?.pointee = key
        return errSecSuccess
    case .failure(let refusal):
        return refusal.status
    }
}

public func SecKeyCreateRandomKey(
    _ parameters: CFDictionary, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> SecKey? {
    value(of: Keychain.made(parameters), error)
}

public func SecKeyCopyPublicKey(_ key: SecKey) -> SecKey? {
    SecKey(key.id, isPrivate: false, isInEnclave: false)
}

public func SecKeyCreateEncryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ plaintext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    value(of: Keychain.encrypted(key, algorithm, plaintext as Data), error)
}

public func SecKeyCreateDecryptedData(
    _ key: SecKey, _ algorithm: SecKeyAlgorithm, _ ciphertext: CFData, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> CFData? {
    value(of: Keychain.decrypted(key, algorithm, ciphertext as Data), error)
}

private func value<Value>(
    of result: Result<Value, Refusal>, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?
) -> Value? {
    switch result {
    case .success(let value): return value
    case .failure(let refusal): return failed(refusal.status, error)
    }
}

private func failed<Value>(_ status: OSStatus, _ error: UnsafeMutablePointer<Unmanaged<CFError>?>?) -> Value? {
    error?.pointee = Unmanaged.passRetained(NSError(domain: "NSOSStatusErrorDomain", code: Int(status)))
    return nil
}
