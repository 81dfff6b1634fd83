#if os(Linux)
import Foundation

/// The resources of the process, as Linux reports them.
struct Footprint {
    let threads: Int
    let files: Int
    let residentKb: Int

    static func now() async throws -> Footprint {
        try await Task.sleep(nanoseconds: 200_000_000) // ended threads take a moment to disappear
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        func number(_ key: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix("\(key):") }
            return Int(line?.filter(\.isNumber) ?? "") ?? 0
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        return Footprint(threads: number("Threads"), files: files, residentKb: number("VmRSS"))
    }
}
#endif
