import Foundation

#if canImport(Glibc)
import Glibc
private let stream = Int32(SOCK_STREAM.rawValue)
#else
import Darwin
private let stream = SOCK_STREAM
#endif

/// A server that accepts connections and sends nothing.
final class Silent: @unchecked Sendable {
    private let listener = socket(AF_INET, stream, 0)
    let port: UInt16

    init() throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let failed = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) != 0 || listen(descriptor, 1) != 0
                    || getsockname(descriptor, $0, &length) != 0
            }
        }
        guard !failed else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        close(listener)
    }

    /// The first connection, after it has received data. Blocks.
    func accept() throws -> Connection {
        #if canImport(Glibc)
        let connection = Connection(descriptor: Glibc.accept(listener, nil, nil))
        #else
        let connection = Connection(descriptor: Darwin.accept(listener, nil, nil))
        #endif
        guard connection.read() > 0 else { throw POSIXError(.ECONNRESET) }
        return connection
    }

    /// A connection that is only read.
    final class Connection: @unchecked Sendable {
        private let descriptor: Int32

        init(descriptor: Int32) {
            self.descriptor = descriptor
        }

        deinit {
            close(descriptor)
        }

        func read() -> Int {
            var byte: UInt8 = 0
            return recv(descriptor, &byte, 1, 0)
        }

        /// Whether the other side disconnects in time. Blocks.
        func endsWithin(seconds: Int) -> Bool {
            var limit = timeval()
            limit.tv_sec = seconds
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
            while true {
                let count = read()
                if count <= 0 { return count == 0 || errno == ECONNRESET }
            }
        }
    }
}
