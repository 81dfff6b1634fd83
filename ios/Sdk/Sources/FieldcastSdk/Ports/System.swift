extension PlatformPorts {
    /// The services of this system for Fieldcast. An iPhone cannot make Wi-Fi groups and needs no multicast lock. A Mac
    /// cannot join groups either.
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
