#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// This device's IPv4 address on an interface; none while it has only the one that stands for none.
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

private func numeric(_ address: UnsafeMutablePointer<sockaddr>) -> IpAddr? {
    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { inet in
        var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
        guard inet_ntop(AF_INET, &inet.pointee.sin_addr, &text, socklen_t(text.count)) != nil else { return nil }
        return String(cString: text)
    }
}
