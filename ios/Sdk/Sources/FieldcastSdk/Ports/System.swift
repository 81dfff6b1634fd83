extension PlatformPorts {
    /// What this system does for Fieldcast; nothing on one that is not Apple's. An iPhone makes no Wi-Fi groups, and needs no
    /// multicast lock.
    public static func system() -> PlatformPorts {
        #if canImport(Security) && canImport(Network)
        #if os(iOS) && canImport(NetworkExtension)
        return PlatformPorts(keyStore: KeychainKeys(), network: PathNetwork(), link: HotspotLink())
        #else
        return PlatformPorts(keyStore: KeychainKeys(), network: PathNetwork())
        #endif
        #else
        return PlatformPorts()
        #endif
    }
}
