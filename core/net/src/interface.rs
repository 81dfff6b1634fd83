//! The choice of the network. A phone often has several networks at once (mobile data, VPN, Wi-Fi, the group's Wi-Fi).
//! The system's default route is usually the wrong one, because the group's Wi-Fi has no internet.

use std::net::{IpAddr, Ipv6Addr};

use crate::Error;

/// Interface names in order of preference: a Wi-Fi Direct group, this device's hotspot, Wi-Fi, a cable. Other
/// interfaces (mobile data, VPN, containers) are used only if the user names them.
const PREFERRED: [&[&str]; 7] =
    [&["p2p-"], &["p2p"], &["ap", "bridge100"], &["swlan"], &["wlan"], &["wl"], &["en", "eth"]];

/// One address of one network interface of this device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    /// The system's name, for example `p2p-wlan0-0`.
    pub name: String,
    /// The address of this device on the interface.
    pub addr: IpAddr,
    /// The number of address bits that all devices on this subnet share.
    pub prefix: u8,
    /// Whether it is a loopback interface.
    pub is_loopback: bool,
    /// The system's index, if it has one.
    pub index: Option<u32>,
}

impl Interface {
    /// Whether `addr` is on this interface's subnet.
    pub fn contains(&self, addr: IpAddr) -> bool {
        let shared = |mine: u128, other: u128, bits: u8| {
            let differing = bits.saturating_sub(self.prefix);
            differing >= bits || (mine ^ other) >> differing == 0
        };
        match (self.addr, addr) {
            (IpAddr::V4(mine), IpAddr::V4(other)) => shared(mine.to_bits().into(), other.to_bits().into(), 32),
            (IpAddr::V6(mine), IpAddr::V6(other)) => shared(mine.to_bits(), other.to_bits(), 128),
            _ => false,
        }
    }

    /// Whether this device still has this address on this interface. Groups are created and removed, and a socket bound
    /// to a lost address stays silent instead of failing. So call this from time to time.
    pub fn is_present(&self) -> bool {
        interfaces().iter().any(|other| other.name == self.name && other.addr == self.addr)
    }
}

/// Every address at which peers can reach this device, including loopback, IPv4 before IPv6. Link-local IPv6 addresses
/// are left out: they need an interface index, which differs between devices. Empty if the system does not report
/// interfaces.
pub fn interfaces() -> Vec<Interface> {
    let mut found: Vec<Interface> = if_addrs::get_if_addrs()
        .unwrap_or_default()
        .into_iter()
        .filter(|found| found.is_oper_up())
        .map(|found| Interface {
            addr: found.ip(),
            prefix: match &found.addr {
                if_addrs::IfAddr::V4(v4) => v4.prefixlen,
                if_addrs::IfAddr::V6(v6) => v6.prefixlen,
            },
            is_loopback: found.is_loopback(),
            index: found.index,
            name: found.name,
        })
        .filter(|found| !matches!(found.addr, IpAddr::V6(v6) if Ipv6Addr::is_unicast_link_local(&v6)))
        .collect();
    found.sort_by_key(|found| (found.addr.is_ipv6(), found.index, found.addr));
    found
}

/// Chooses an interface: the one with this name or address, or else the best available one in the order Wi-Fi Direct
/// group, hotspot, Wi-Fi, cable. Loopback is chosen only by name.
///
/// # Errors
/// [`Error::UnknownInterface`] if the requested interface does not exist, [`Error::NoInterface`] if no interface is
/// suitable.
pub fn choose_interface(asked: Option<&str>) -> Result<Interface, Error> {
    choose(interfaces(), asked)
}

fn choose(mut found: Vec<Interface>, asked: Option<&str>) -> Result<Interface, Error> {
    if let Some(asked) = asked {
        let is_asked = |one: &Interface| one.name == asked || asked.parse() == Ok(one.addr);
        return match found.iter().position(is_asked) {
            Some(at) => Ok(found.swap_remove(at)),
            None => {
                let known: Vec<_> = found.iter().map(|one| format!("{} ({})", one.name, one.addr)).collect();
                Err(Error::UnknownInterface { asked: asked.to_owned(), known: known.join(", ") })
            }
        };
    }
    found
        .into_iter()
        .filter(|one| !one.is_loopback)
        .filter_map(|one| Some((rank(&one.name)?, one)))
        .min_by_key(|(rank, one)| (*rank, one.addr.is_ipv6(), one.index))
        .map(|(_, one)| one)
        .ok_or(Error::NoInterface)
}

/// Chooses the interface to continue with after `last` may have been lost. In this order: `last` itself, if it is
/// unchanged; one with the same name; if `any` is set, one that [`choose_interface`] ranks equal or better. Never a
/// lower-ranked one: between two groups, a phone is often on some other Wi-Fi.
pub fn choose_again(found: Vec<Interface>, last: &Interface, any: bool) -> Option<Interface> {
    if found.contains(last) {
        return Some(last.clone());
    }
    let named = |one: &&Interface| one.name == last.name && one.addr.is_ipv4() == last.addr.is_ipv4();
    if let Some(same) = found.iter().find(named) {
        return Some(same.clone());
    }
    let best = choose(found, None).ok().filter(|_| any)?;
    let worst = rank(&last.name).unwrap_or(usize::MAX);
    rank(&best.name).is_some_and(|rank| rank <= worst).then_some(best)
}

fn rank(name: &str) -> Option<usize> {
    PREFERRED.iter().position(|names| names.iter().any(|start| name.starts_with(start)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(name: &str, addr: &str, prefix: u8) -> Interface {
        let addr: IpAddr = addr.parse().unwrap();
        Interface { name: name.into(), addr, prefix, is_loopback: addr.is_loopback(), index: Some(1) }
    }

    #[test]
    fn prefers_group_over_wifi_over_cable() {
        let mut all = vec![
            at("lo", "127.0.0.1", 8),
            at("tun0", "10.8.0.2", 24),
            at("rmnet0", "10.1.1.1", 30),
            at("eth0", "10.0.0.2", 24),
            at("wlan0", "192.168.1.5", 24),
            at("swlan0", "192.168.43.1", 24),
            at("ap0", "192.168.44.1", 24),
            at("p2p0", "192.168.50.1", 24),
            at("p2p-wlan0-3", "192.168.49.1", 24),
        ];
        for expected in ["p2p-wlan0-3", "p2p0", "ap0", "swlan0", "wlan0", "eth0"] {
            let chosen = choose(all.clone(), None).unwrap();
            assert_eq!(chosen.name, expected);
            all.retain(|one| one.name != expected);
        }
        assert!(matches!(choose(all, None), Err(Error::NoInterface)));
    }

    #[test]
    fn prefers_ipv4_and_accepts_any_name() {
        let all = vec![at("wlan0", "fd00::5", 64), at("wlan0", "10.0.0.5", 24), at("tun0", "10.8.0.2", 24)];
        assert_eq!(choose(all.clone(), None).unwrap().addr.to_string(), "10.0.0.5");
        assert_eq!(choose(all.clone(), Some("fd00::5")).unwrap().addr.to_string(), "fd00::5");
        assert_eq!(choose(all.clone(), Some("tun0")).unwrap().name, "tun0");
        let error = choose(all, Some("wlan9")).unwrap_err().to_string();
        assert!(error.contains("wlan9") && error.contains("tun0 (10.8.0.2)"), "{error}");
    }

    #[test]
    fn switches_to_equally_good_group() {
        let group = at("p2p-wlan0-0", "192.168.49.1", 24);
        let wifi = at("wlan0", "10.0.0.5", 24);
        let again = |found: &[Interface], any| choose_again(found.to_vec(), &group, any);
        assert_eq!(again(&[wifi.clone(), group.clone()], true), Some(group.clone()));
        assert_eq!(again(std::slice::from_ref(&wifi), true), None, "another Wi-Fi is ranked lower");
        let next = at("p2p-wlan0-1", "192.168.49.1", 24);
        assert_eq!(again(&[wifi.clone(), next.clone()], true), Some(next.clone()), "each group has a new name");
        assert_eq!(again(&[next], false), None, "the user named an interface");
        for reformed in [at("p2p-wlan0-0", "192.168.7.1", 24), Interface { index: Some(9), ..group.clone() }] {
            assert_eq!(again(&[wifi.clone(), reformed.clone()], false), Some(reformed));
        }
        assert_eq!(again(&[at("p2p-wlan0-0", "fd00::1", 64)], false), None, "peers know it by IPv4");
        assert_eq!(choose_again(vec![group.clone()], &wifi, true), Some(group), "a better interface is accepted");
    }

    #[test]
    fn chooses_loopback_by_name() {
        let lo = choose_interface(Some("127.0.0.1")).unwrap();
        assert!(lo.is_loopback && lo.is_present() && lo.prefix == 8, "{lo:?}");
        assert!(!Interface { addr: "127.9.9.9".parse().unwrap(), ..lo }.is_present());
    }

    #[test]
    fn limits_subnet_by_its_prefix() {
        let v4 = at("p2p0", "192.168.49.1", 24);
        assert!(v4.contains("192.168.49.200".parse().unwrap()));
        assert!(!v4.contains("192.168.50.1".parse().unwrap()));
        assert!(!v4.contains("fd00::1".parse().unwrap()));
        assert!(at("x", "10.0.0.1", 0).contains("203.0.113.9".parse().unwrap()));
        assert!(!at("x", "10.0.0.1", 32).contains("10.0.0.2".parse().unwrap()));
        assert!(at("x", "fd00::1", 64).contains("fd00::ffff".parse().unwrap()));
        assert!(!at("x", "fd00::1", 64).contains("fd01::1".parse().unwrap()));
    }
}
