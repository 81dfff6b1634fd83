#if os(Linux) // with stubs of Apple's frameworks: Tests/AppleStubs
@testable import FieldcastSdk
import Foundation
@testable import Network
@testable import Security
import XCTest

/// The port error that a call throws.
func refusal<T>(_ body: () async throws -> T) async -> PortError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? PortError ?? .Failed(reason: "no PortError: \(error)")
    }
}

final class KeychainTests: XCTestCase {
    private let key = Data("a device's key".utf8)

    func testWrapsKeyWithEnclaveKey() throws {
        Keychain.start()
        let wrapped = try KeychainKeys().wrapKey(key: key)
        XCTAssertNil(wrapped.range(of: key))
        XCTAssertEqual(try KeychainKeys().unwrapKey(wrapped: wrapped), key, "after a restart of the app")
        XCTAssertEqual(try KeychainKeys().wrapKey(key: key), wrapped, "with the existing key")
        XCTAssertEqual(Keychain.kept.map(\.isInEnclave), [true])
    }

    func testUsesKeychainWithoutEnclave() throws {
        Keychain.start(hasEnclave: false)
        let wrapped = try KeychainKeys().wrapKey(key: key)
        XCTAssertEqual(try KeychainKeys().unwrapKey(wrapped: wrapped), key)
        XCTAssertEqual(Keychain.kept.map(\.isInEnclave), [false])
    }

    func testDistinguishesLockedDeviceFromLostKey() async throws {
        Keychain.start()
        let wrapped = try KeychainKeys().wrapKey(key: key)
        Keychain.isLocked(true)
        let locked = PortError.Denied(reason: "unlock the device first")
        let (none, unwrapped, wrappedAgain) = (
            await refusal { try KeychainKeys(tag: "none").wrapKey(key: key) },
            await refusal { try KeychainKeys().unwrapKey(wrapped: wrapped) },
            await refusal { try KeychainKeys().wrapKey(key: key) }
        )
        XCTAssertEqual([none, unwrapped, wrappedAgain], [locked, locked, locked])
        Keychain.isLocked(false)
        XCTAssertEqual(try KeychainKeys().unwrapKey(wrapped: wrapped), key)
        Keychain.start()
        guard case .Failed(let reason)? = await refusal({ try KeychainKeys().unwrapKey(wrapped: wrapped) }) else {
            return XCTFail("the key is missing")
        }
        XCTAssertTrue(reason.contains("missing"), reason)
    }

    func testRejectsKeyWrappedByAnotherKey() async throws {
        Keychain.start()
        let (ours, other) = (KeychainKeys(), KeychainKeys(tag: "other"))
        _ = try ours.wrapKey(key: key)
        let wrapped = try other.wrapKey(key: key)
        let said = await refusal { try ours.unwrapKey(wrapped: wrapped) }
        XCTAssertEqual(said, .Failed(reason: "the Keychain failed with code -50"))
    }
}

final class PathTests: XCTestCase {
    func testDistinguishesMeteredNetworks() throws {
        do {
            let network = PathNetwork()
            Way.becomes(.satisfied)
            XCTAssertEqual(try network.kind(), .unmetered)
            Way.becomes(.satisfied, isExpensive: true)
            XCTAssertEqual(try network.kind(), .metered)
            Way.becomes(.satisfied, isConstrained: true)
            XCTAssertEqual(try network.kind(), .metered)
            for none in [NWPath.Status.unsatisfied, .requiresConnection] {
                Way.becomes(none)
                XCTAssertNil(try network.kind())
            }
            XCTAssertEqual(Way.count, 1)
        }
        XCTAssertEqual(Way.count, 0, "the monitor was released")
    }
}
#endif
