/// A TXT record in DNS-SD format: pairs, each after its length.
enum TxtRecord {
    static func bytes(_ pairs: [String: String]) -> [UInt8] {
        pairs.sorted { $0.key < $1.key }.flatMap { key, value -> [UInt8] in
            let pair = Array("\(key)=\(value)".utf8.prefix(Int(UInt8.max)))
            return [UInt8(pair.count)] + pair
        }
    }

    /// The readable pairs. Malformed input is ignored, because it comes from unknown devices.
    static func pairs(_ bytes: some Collection<UInt8>) -> [String: String] {
        var (pairs, rest) = ([String: String](), bytes[...])
        while let length = rest.popFirst(), rest.count >= Int(length) {
            let pair = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            guard let text = String(validatingBytes: pair), let cut = text.firstIndex(of: "=") else { continue }
            let key = String(text[..<cut])
            if pairs[key] == nil { pairs[key] = String(text[text.index(after: cut)...]) } // the first value wins
        }
        return pairs
    }
}

extension String {
    /// nil if the bytes are not UTF-8.
    fileprivate init?(validatingBytes bytes: some Collection<UInt8>) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.utf8.elementsEqual(bytes) else { return nil }
        self = text
    }
}
