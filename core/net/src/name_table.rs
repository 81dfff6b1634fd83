//! Who is there, by the name each is announced under.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use fieldcast_model::Fingerprint;

use crate::{DiscoveryEvent, Peer};

/// The most names kept in view, so that a forger of names cannot fill the memory.
const MAX_NAMES: usize = 256;

/// The most names of one device.
const MAX_NAMES_OF_ONE: usize = 8;

/// Devices that always have their place among those that are found, as they are trusted, invited or asked for. Cheap to
/// clone; clones share the devices.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Arc<RwLock<BTreeSet<Fingerprint>>>);

impl Wanted {
    /// Adds devices, from now on.
    pub fn add(&self, devices: impl IntoIterator<Item = Fingerprint>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(devices);
    }

    fn contains(&self, device: &Fingerprint) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(device)
    }
}

/// What is announced just now. One device may be there under two names, as when the system has renamed one of them.
///
/// A new name always gets in. When the table is full, a device that is not wanted gives way: of those at the address that
/// has the most names, the one that came first. A forger who announces names at the address of a real device can push that
/// device out; it comes back with its next announcement.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    names: BTreeMap<String, Entry>,
    wanted: Wanted,
    /// How many names have come.
    count: u64,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    /// Its number among all names that have come.
    number: u64,
}

impl NameTable {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Takes what is said under a name, and tells what that changes: nothing if it is no news.
    pub(crate) fn put(&mut self, name: &str, peer: Peer) -> Vec<DiscoveryEvent> {
        let name = name.to_lowercase();
        let is_wanted = self.wanted.contains(&peer.fingerprint);
        let replaced = self.names.get(&name).map(|entry| entry.peer.clone());
        let leaves = match &replaced {
            Some(known) if *known == peer => return Vec::new(),
            Some(known) if known.fingerprint == peer.fingerprint => None,
            // Two keys whose fingerprints begin alike: one of them is forged.
            Some(known) if self.wanted.contains(&known.fingerprint) && !is_wanted => return Vec::new(),
            Some(known) => Some(known.fingerprint),
            None => match self.gives_way(&peer) {
                Some(other) => self.names.remove(&other).map(|entry| entry.peer.fingerprint),
                None if self.names.len() >= MAX_NAMES && !is_wanted => return Vec::new(),
                None => None,
            },
        };
        self.count += 1;
        self.names.insert(name, Entry { peer: peer.clone(), number: self.count });
        let left = leaves.filter(|other| *other != peer.fingerprint).map(|other| self.left(other));
        left.into_iter().chain([DiscoveryEvent::Found(peer)]).collect()
    }

    /// Takes a name away, and tells what that changes.
    pub(crate) fn take(&mut self, name: &str) -> Option<DiscoveryEvent> {
        let gone = self.names.remove(&name.to_lowercase())?;
        Some(self.left(gone.peer.fingerprint))
    }

    /// Each process of each device once: two processes of one device are two devices with one key, or an app that was
    /// started again.
    pub(crate) fn peers(&self) -> BTreeMap<(Fingerprint, u32), Peer> {
        let peers = self.names.values().rev().map(|entry| &entry.peer);
        peers.map(|peer| ((peer.fingerprint, peer.session), peer.clone())).collect()
    }

    /// What is left of a device that has one name less.
    fn left(&self, device: Fingerprint) -> DiscoveryEvent {
        let other = self.names.values().find(|entry| entry.peer.fingerprint == device);
        other.map_or(DiscoveryEvent::Lost(device), |entry| DiscoveryEvent::Found(entry.peer.clone()))
    }

    /// The name that gives way to a new one of this device; `None` if there is room, or all others are wanted.
    fn gives_way(&self, new: &Peer) -> Option<String> {
        let own = || self.names.iter().filter(|(_, entry)| entry.peer.fingerprint == new.fingerprint);
        if own().count() >= MAX_NAMES_OF_ONE {
            return own().min_by_key(|(_, entry)| entry.number).map(|(name, _)| name.clone());
        }
        if self.names.len() < MAX_NAMES {
            return None;
        }
        let mut crowd: BTreeMap<IpAddr, usize> = BTreeMap::from([(new.addr.ip(), 1)]);
        self.names.values().for_each(|entry| *crowd.entry(entry.peer.addr.ip()).or_default() += 1);
        let unwanted = self.names.iter().filter(|(_, entry)| !self.wanted.contains(&entry.peer.fingerprint));
        let first = unwanted.max_by_key(|(_, entry)| (crowd.get(&entry.peer.addr.ip()), Reverse(entry.number)));
        first.map(|(name, _)| name.clone())
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_model::DeviceName;
    use fieldcast_wire::Role;

    use super::*;

    fn peer(who: u8, port: u16) -> Peer {
        at(Fingerprint([who; 32]), [127, 0, 0, 1], port)
    }

    fn at(fingerprint: Fingerprint, addr: [u8; 4], port: u16) -> Peer {
        let name = DeviceName::new("Anna");
        Peer { fingerprint, name, role: Role::Receiver, protocol: 1, session: 1, addr: (addr, port).into() }
    }

    /// Fills a view with forged names, each at the next of these addresses.
    fn forge(view: &mut NameTable, names: u32, addrs: &[[u8; 4]]) {
        for (number, addr) in (0..names).zip(addrs.iter().cycle()) {
            let mut device = Fingerprint([0xee; 32]);
            device.0[..4].copy_from_slice(&number.to_be_bytes());
            view.put(&format!("forged {number}"), at(device, *addr, 9));
        }
    }

    fn has(view: &NameTable, who: u8) -> bool {
        view.peers().keys().any(|(device, _)| *device == Fingerprint([who; 32]))
    }

    #[test]
    fn tells_news_only() {
        let mut view = NameTable::default();
        assert_eq!(view.put("Fc-1", peer(1, 1)), [DiscoveryEvent::Found(peer(1, 1))]);
        assert_eq!(view.put("fc-1", peer(1, 2)), [DiscoveryEvent::Found(peer(1, 2))], "it has moved");
        assert_eq!(view.put("FC-1", peer(1, 2)), [], "nothing new");
        assert_eq!(view.take("fC-1"), Some(DiscoveryEvent::Lost(Fingerprint([1; 32]))));
        assert_eq!(view.take("fc-1"), None);
    }

    #[test]
    fn lists_a_receiver_that_comes_after_a_flood_of_forged_names() {
        let mut view = NameTable::default();
        forge(&mut view, 1_000, &[[10, 0, 0, 9]]);
        assert_eq!(view.peers().len(), MAX_NAMES);
        let told = view.put("fc-1", at(Fingerprint([1; 32]), [10, 0, 0, 1], 7000));
        assert!(matches!(told[..], [DiscoveryEvent::Lost(_), DiscoveryEvent::Found(_)]), "{told:?}");
        forge(&mut view, 2_000, &[[10, 0, 0, 9]]);
        assert!(has(&view, 1), "a forger takes its own places");
        assert_eq!(view.peers().len(), MAX_NAMES);
    }

    #[test]
    fn keeps_wanted_devices_whatever_is_forged() {
        let wanted = Wanted::default();
        let mut view = NameTable::new(wanted.clone());
        wanted.add([Fingerprint([1; 32]), Fingerprint([2; 32])]);
        view.put("fc-1", peer(1, 1));
        forge(&mut view, 2_000, &[[127, 0, 0, 1], [10, 0, 0, 1], [10, 0, 0, 2]]);
        view.put("fc-2", peer(2, 1));
        forge(&mut view, 3_000, &[[127, 0, 0, 1]]);
        assert!(has(&view, 1) && has(&view, 2));
        assert_eq!(view.put("fc-1", peer(3, 1)), [], "its name is its own");
        assert_eq!(view.peers().len(), MAX_NAMES);
    }

    #[test]
    fn lets_a_wanted_device_in_though_all_others_are_wanted() {
        let wanted = Wanted::default();
        let mut view = NameTable::new(wanted.clone());
        forge(&mut view, MAX_NAMES as u32, &[[127, 0, 0, 1]]);
        wanted.add(view.peers().into_keys().map(|(device, _)| device).chain([Fingerprint([1; 32])]));
        assert_eq!(view.put("fc-2", peer(2, 1)), [], "nobody gives way");
        assert_eq!(view.put("fc-1", peer(1, 1)), [DiscoveryEvent::Found(peer(1, 1))]);
    }

    #[test]
    fn lets_a_wanted_device_take_its_name_from_a_forger() {
        let wanted = Wanted::default();
        let mut view = NameTable::new(wanted.clone());
        view.put("fc-1", peer(3, 1));
        wanted.add([Fingerprint([1; 32])]);
        let told = [DiscoveryEvent::Lost(Fingerprint([3; 32])), DiscoveryEvent::Found(peer(1, 1))];
        assert_eq!(view.put("fc-1", peer(1, 1)), told);
    }

    #[test]
    fn bounds_the_names_of_one_device() {
        let wanted = Wanted::default();
        let mut view = NameTable::new(wanted.clone());
        wanted.add([Fingerprint([1; 32])]);
        for number in 0..999 {
            assert!(!view.put(&format!("fc-1 ({number})"), peer(1, number + 1)).is_empty());
        }
        assert_eq!(view.names.len(), MAX_NAMES_OF_ONE);
    }

    #[test]
    fn a_device_with_two_names_is_one_and_there_until_both_are_gone() {
        let mut view = NameTable::default();
        view.put("fc-1", peer(1, 7000));
        view.put("fc-1 (2)", peer(1, 7001));
        assert_eq!(view.peers().into_values().collect::<Vec<_>>(), [peer(1, 7000)], "the first name counts");
        assert_eq!(view.take("fc-1"), Some(DiscoveryEvent::Found(peer(1, 7001))));
        assert_eq!(view.take("fc-1 (2)"), Some(DiscoveryEvent::Lost(Fingerprint([1; 32]))));
    }
}
