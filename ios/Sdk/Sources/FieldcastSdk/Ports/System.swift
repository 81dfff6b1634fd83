extension PlatformPorts {
    /// What this system does for Fieldcast; nothing on one that is not Apple's. An iPhone makes no Wi-Fi groups, and needs no
    /// multicast lock.
    public static func system() -> PlatformPorts {
        #if canImport(Security) && canImport(Network) && canImport(dnssd)
        #if os(iOS) && canImport(NetworkExtension)
        let link: WifiLink? = HotspotLink()
        #else
        let link: WifiLink? = nil
        #endif
        return PlatformPorts(
            keyStore: KeychainKeys(), network: PathNetwork(), link: link, discovery: BonjourDiscovery()
        )
        #else
        return PlatformPorts()
        #endif
    }
}
