//! The discovered devices, by their announced names.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, PoisonError, RwLock};

use fieldcast_model::Fingerprint;

use crate::{DiscoveryEvent, Peer};

/// The maximum number of names, so forged names cannot fill the memory.
const MAX_NAMES: usize = 256;

/// The maximum number of names per device.
const MAX_NAMES_OF_ONE: usize = 8;

/// Devices that always stay in the table of discovered devices because they are trusted, invited or selected. Cheap to
/// clone; clones share the set.
#[derive(Clone, Debug, Default)]
pub struct Wanted(Arc<RwLock<BTreeSet<Fingerprint>>>);

impl Wanted {
    /// Adds devices to the set.
    pub fn add(&self, devices: impl IntoIterator<Item = Fingerprint>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).extend(devices);
    }

    fn contains(&self, device: &Fingerprint) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(device)
    }
}

/// The present announcements. A device may have two names, for example when the system has renamed one.
///
/// A new name always gets a slot. If the table is full, an unwanted device is evicted: the oldest one at the address
/// with the most names. An attacker who forges names at the address of a real device can evict that device; it returns
/// with its next announcement.
#[derive(Debug, Default)]
pub(crate) struct NameTable {
    names: BTreeMap<String, Entry>,
    wanted: Wanted,
    /// How many names were added so far.
    count: u64,
}

#[derive(Debug)]
struct Entry {
    peer: Peer,
    /// Its number in the order of addition.
    number: u64,
}

impl NameTable {
    pub(crate) fn new(wanted: Wanted) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Sets the device of a name. Returns the resulting changes; empty if nothing changed.
    pub(crate) fn insert(&mut self, name: &str, peer: Peer) -> Vec<DiscoveryEvent> {
        let name = name.to_lowercase();
        let is_wanted = self.wanted.contains(&peer.fingerprint);
        let replaced = self.names.get(&name).map(|entry| entry.peer.clone());
        let leaves = match &replaced {
            Some(known) if *known == peer => return Vec::new(),
            Some(known) if known.fingerprint == peer.fingerprint => None,
            // The fingerprints of two keys begin with the same digits: one of the keys is forged.
            Some(known) if self.wanted.contains(&known.fingerprint) && !is_wanted => return Vec::new(),
            Some(known) => Some(known.fingerprint),
            None => match self.eviction_candidate(&peer) {
                Some(other) => self.names.remove(&other).map(|entry| entry.peer.fingerprint),
                None if self.names.len() >= MAX_NAMES && !is_wanted => return Vec::new(),
                None => None,
            },
        };
        self.count += 1;
        self.names.insert(name, Entry { peer: peer.clone(), number: self.count });
        let left = leaves.filter(|other| *other != peer.fingerprint).map(|other| self.event_after_removal(other));
        left.into_iter().chain([DiscoveryEvent::Found(peer)]).collect()
    }

    /// Removes a name. Returns the resulting change.
    pub(crate) fn remove(&mut self, name: &str) -> Option<DiscoveryEvent> {
        let gone = self.names.remove(&name.to_lowercase())?;
        Some(self.event_after_removal(gone.peer.fingerprint))
    }

    /// One entry per device and process. Two processes with one key are two devices that share a key, or a restarted
    /// app.
    pub(crate) fn peers(&self) -> BTreeMap<(Fingerprint, u32), Peer> {
        let peers = self.names.values().rev().map(|entry| &entry.peer);
        peers.map(|peer| ((peer.fingerprint, peer.session), peer.clone())).collect()
    }

    /// The event for a device that has one name less.
    fn event_after_removal(&self, device: Fingerprint) -> DiscoveryEvent {
        let other = self.names.values().find(|entry| entry.peer.fingerprint == device);
        other.map_or(DiscoveryEvent::Lost(device), |entry| DiscoveryEvent::Found(entry.peer.clone()))
    }

    /// The name to evict for a new name of this device. `None` if a slot is free, or if all other devices are wanted.
    fn eviction_candidate(&self, new: &Peer) -> Option<String> {
        let own = || self.names.iter().filter(|(_, entry)| entry.peer.fingerprint == new.fingerprint);
        if own().count() >= MAX_NAMES_OF_ONE {
            return own().min_by_key(|(_, entry)| entry.number).map(|(name, _)| name.clone());
        }
        if self.names.len() < MAX_NAMES {
            return None;
        }
        let mut names_per_address: BTreeMap<IpAddr, usize> = BTreeMap::from([(new.addr.ip(), 1)]);
        self.names.values().for_each(|entry| *names_per_address.entry(entry.peer.addr.ip()).or_default() += 1);
        let unwanted = self.names.iter().filter(|(_, entry)| !self.wanted.contains(&entry.peer.fingerprint));
        let first =
            unwanted.max_by_key(|(_, entry)| (names_per_address.get(&entry.peer.addr.ip()), Reverse(entry.number)));
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

    /// Fills a table with forged names, using these addresses in turn.
    fn forge(table: &mut NameTable, names: u32, addrs: &[[u8; 4]]) {
        for (number, addr) in (0..names).zip(addrs.iter().cycle()) {
            let mut device = Fingerprint([0xee; 32]);
            device.0[..4].copy_from_slice(&number.to_be_bytes());
            table.insert(&format!("forged {number}"), at(device, *addr, 9));
        }
    }

    fn has(table: &NameTable, who: u8) -> bool {
        table.peers().keys().any(|(device, _)| *device == Fingerprint([who; 32]))
    }

    #[test]
    fn reports_changes_only() {
        let mut table = NameTable::default();
        assert_eq!(table.insert("Fc-1", peer(1, 1)), [DiscoveryEvent::Found(peer(1, 1))]);
        assert_eq!(table.insert("fc-1", peer(1, 2)), [DiscoveryEvent::Found(peer(1, 2))], "its address changed");
        assert_eq!(table.insert("FC-1", peer(1, 2)), [], "nothing new");
        assert_eq!(table.remove("fC-1"), Some(DiscoveryEvent::Lost(Fingerprint([1; 32]))));
        assert_eq!(table.remove("fc-1"), None);
    }

    #[test]
    fn lists_receiver_after_flood_of_forged_names() {
        let mut table = NameTable::default();
        forge(&mut table, 1_000, &[[10, 0, 0, 9]]);
        assert_eq!(table.peers().len(), MAX_NAMES);
        let changes = table.insert("fc-1", at(Fingerprint([1; 32]), [10, 0, 0, 1], 7000));
        assert!(matches!(changes[..], [DiscoveryEvent::Lost(_), DiscoveryEvent::Found(_)]), "{changes:?}");
        forge(&mut table, 2_000, &[[10, 0, 0, 9]]);
        assert!(has(&table, 1), "a forger evicts only its own names");
        assert_eq!(table.peers().len(), MAX_NAMES);
    }

    #[test]
    fn keeps_wanted_devices_despite_forged_names() {
        let wanted = Wanted::default();
        let mut table = NameTable::new(wanted.clone());
        wanted.add([Fingerprint([1; 32]), Fingerprint([2; 32])]);
        table.insert("fc-1", peer(1, 1));
        forge(&mut table, 2_000, &[[127, 0, 0, 1], [10, 0, 0, 1], [10, 0, 0, 2]]);
        table.insert("fc-2", peer(2, 1));
        forge(&mut table, 3_000, &[[127, 0, 0, 1]]);
        assert!(has(&table, 1) && has(&table, 2));
        assert_eq!(table.insert("fc-1", peer(3, 1)), [], "a forger cannot take its name");
        assert_eq!(table.peers().len(), MAX_NAMES);
    }

    #[test]
    fn adds_wanted_device_to_full_table() {
        let wanted = Wanted::default();
        let mut table = NameTable::new(wanted.clone());
        forge(&mut table, MAX_NAMES as u32, &[[127, 0, 0, 1]]);
        wanted.add(table.peers().into_keys().map(|(device, _)| device).chain([Fingerprint([1; 32])]));
        assert_eq!(table.insert("fc-2", peer(2, 1)), [], "no device is evicted");
        assert_eq!(table.insert("fc-1", peer(1, 1)), [DiscoveryEvent::Found(peer(1, 1))]);
    }

    #[test]
    fn gives_forged_name_back_to_wanted_device() {
        let wanted = Wanted::default();
        let mut table = NameTable::new(wanted.clone());
        table.insert("fc-1", peer(3, 1));
        wanted.add([Fingerprint([1; 32])]);
        let changes = [DiscoveryEvent::Lost(Fingerprint([3; 32])), DiscoveryEvent::Found(peer(1, 1))];
        assert_eq!(table.insert("fc-1", peer(1, 1)), changes);
    }

    #[test]
    fn limits_names_of_one_device() {
        let wanted = Wanted::default();
        let mut table = NameTable::new(wanted.clone());
        wanted.add([Fingerprint([1; 32])]);
        for number in 0..999 {
            assert!(!table.insert(&format!("fc-1 ({number})"), peer(1, number + 1)).is_empty());
        }
        assert_eq!(table.names.len(), MAX_NAMES_OF_ONE);
    }

    #[test]
    fn keeps_device_until_both_names_are_gone() {
        let mut table = NameTable::default();
        table.insert("fc-1", peer(1, 7000));
        table.insert("fc-1 (2)", peer(1, 7001));
        assert_eq!(table.peers().into_values().collect::<Vec<_>>(), [peer(1, 7000)], "the first name counts");
        assert_eq!(table.remove("fc-1"), Some(DiscoveryEvent::Found(peer(1, 7001))));
        assert_eq!(table.remove("fc-1 (2)"), Some(DiscoveryEvent::Lost(Fingerprint([1; 32]))));
    }
}
