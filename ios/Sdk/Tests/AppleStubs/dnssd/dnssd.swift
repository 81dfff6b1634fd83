// The part of Apple's `dnssd` that the SDK uses, declared as Swift sees it on an iPhone. Only Apple's API is public.
// FakeBonjour.swift implements the behaviour.
import Foundation

public typealias DNSServiceRef = OpaquePointer
public typealias DNSServiceFlags = UInt32
public typealias DNSServiceProtocol = UInt32
public typealias DNSServiceErrorType = Int32

public var kDNSServiceFlagsAdd: UInt32 { 0x2 }
public var kDNSServiceErr_NoError: Int { 0 }
public var kDNSServiceErr_BadParam: Int { -65540 }
public var kDNSServiceErr_NoSuchRecord: Int { -65554 }
public var kDNSServiceErr_NoAuth: Int { -65555 }
public var kDNSServiceErr_PolicyDenied: Int { -65570 }

public typealias DNSServiceRegisterReply = @convention(c) (
    DNSServiceRef?, DNSServiceFlags, DNSServiceErrorType, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
    UnsafePointer<CChar>?, UnsafeMutableRawPointer?
) -> Void

public typealias DNSServiceBrowseReply = @convention(c) (
    DNSServiceRef?, DNSServiceFlags, UInt32, DNSServiceErrorType, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
    UnsafePointer<CChar>?, UnsafeMutableRawPointer?
) -> Void

public typealias DNSServiceResolveReply = @convention(c) (
    DNSServiceRef?, DNSServiceFlags, UInt32, DNSServiceErrorType, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UInt16,
    UInt16, UnsafePointer<UInt8>?, UnsafeMutableRawPointer?
) -> Void

public typealias DNSServiceGetAddrInfoReply = @convention(c) (
    DNSServiceRef?, DNSServiceFlags, UInt32, DNSServiceErrorType, UnsafePointer<CChar>?, UnsafePointer<sockaddr>?,
    UInt32, UnsafeMutableRawPointer?
) -> Void

public func DNSServiceRegister(
    _ sdRef: UnsafeMutablePointer<DNSServiceRef?>!, _ flags: DNSServiceFlags, _ interfaceIndex: UInt32,
    _ name: UnsafePointer<CChar>!, _ regtype: UnsafePointer<CChar>!, _ domain: UnsafePointer<CChar>!,
    _ host: UnsafePointer<CChar>!, _ port: UInt16, _ txtLen: UInt16, _ txtRecord: UnsafeRawPointer!,
    _ callBack: DNSServiceRegisterReply!, _ context: UnsafeMutableRawPointer!
) -> DNSServiceErrorType {
    let txt = UnsafeRawBufferPointer(start: txtRecord, count: Int(txtLen))
    let service = Announced(
        name: String(cString: name), kind: String(cString: regtype), interface: interfaceIndex, host: "here.local.",
        port: UInt16(bigEndian: port), txt: [UInt8](txt), addresses: ["127.0.0.1"]
    )
    return FakeBonjour.begin(sdRef, Operation(.announce(service)))
}

public func DNSServiceBrowse(
    _ sdRef: UnsafeMutablePointer<DNSServiceRef?>!, _ flags: DNSServiceFlags, _ interfaceIndex: UInt32,
    _ regtype: UnsafePointer<CChar>!, _ domain: UnsafePointer<CChar>!, _ callBack: DNSServiceBrowseReply!,
    _ context: UnsafeMutableRawPointer!
) -> DNSServiceErrorType {
    let kind = String(cString: regtype)
    return FakeBonjour.begin(sdRef, Operation(.browse(kind, interfaceIndex, callBack, context)))
}

public func DNSServiceResolve(
    _ sdRef: UnsafeMutablePointer<DNSServiceRef?>!, _ flags: DNSServiceFlags, _ interfaceIndex: UInt32,
    _ name: UnsafePointer<CChar>!, _ regtype: UnsafePointer<CChar>!, _ domain: UnsafePointer<CChar>!,
    _ callBack: DNSServiceResolveReply!, _ context: UnsafeMutableRawPointer!
) -> DNSServiceErrorType {
    guard String(cString: domain) == FakeBonjour.domain else { return DNSServiceErrorType(kDNSServiceErr_BadParam) }
    return FakeBonjour.begin(sdRef, Operation(.resolve(String(cString: name), callBack, context)))
}

public func DNSServiceGetAddrInfo(
    _ sdRef: UnsafeMutablePointer<DNSServiceRef?>!, _ flags: DNSServiceFlags, _ interfaceIndex: UInt32,
    _ protocol: DNSServiceProtocol, _ hostname: UnsafePointer<CChar>!, _ callBack: DNSServiceGetAddrInfoReply!,
    _ context: UnsafeMutableRawPointer!
) -> DNSServiceErrorType {
    FakeBonjour.begin(sdRef, Operation(.addresses(String(cString: hostname), callBack, context)))
}

public func DNSServiceSetDispatchQueue(
    _ service: DNSServiceRef!, _ queue: DispatchQueue!
) -> DNSServiceErrorType {
    FakeBonjour.schedule(service, queue)
}

public func DNSServiceRefDeallocate(_ sdRef: DNSServiceRef!) {
    FakeBonjour.end(sdRef)
}
