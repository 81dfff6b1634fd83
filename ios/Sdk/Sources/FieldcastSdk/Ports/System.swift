extension PlatformPorts {
    /// What this system does for Fieldcast. An iPhone makes no Wi-Fi groups, and needs no multicast lock; a Mac joins none
    /// either.
    public static func system() -> PlatformPorts {
        #if os(macOS)
        let link: WifiLink? = nil
        #else
        let link: WifiLink? = HotspotLink()
        #endif
        return PlatformPorts(
            keyStore: KeychainKeys(), network: PathNetwork(), link: link, discovery: BonjourDiscovery()
        )
    }
}
