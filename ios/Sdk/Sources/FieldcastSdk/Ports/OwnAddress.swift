#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// This device's IPv4 address on an interface; nil if the interface has no address or only the unspecified one.
func ownAddress(of interface: String) -> IpAddr? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return nil }
    defer { freeifaddrs(list) }
    return sequence(first: list, next: { $0?.pointee.ifa_next }).lazy
        .compactMap { entry -> IpAddr? in
            guard let entry = entry?.pointee, String(cString: entry.ifa_name) == interface,
                let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET)
            else { return nil }
            return numeric(address)
        }
        .first { !$0.hasPrefix("169.254.") }
}

/// An IP address as text; nil for another address type, or for an address that is valid on one interface only.
func numeric(_ address: UnsafePointer<sockaddr>) -> IpAddr? {
    let length: Int
    switch Int32(address.pointee.sa_family) {
    case AF_INET: length = MemoryLayout<sockaddr_in>.size
    case AF_INET6: length = MemoryLayout<sockaddr_in6>.size
    default: return nil
    }
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN) + Int(IF_NAMESIZE))
    guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
        return nil
    }
    let printed = String(cString: text)
    return printed.contains("%") ? nil : printed
}
