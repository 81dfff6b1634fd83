//! Who is there, by the name each is announced under.

use std::collections::BTreeMap;

use fieldcast_model::Fingerprint;

use crate::Peer;

/// The most names kept in view, so that a forger of names cannot fill the memory.
const MAX_NAMES: usize = 256;

/// What is announced just now. One device may be there under two names, as when the system has renamed one of them.
#[derive(Debug, Default)]
pub(crate) struct View(BTreeMap<String, Peer>);

impl View {
    /// Takes what is said under a name, and tells whether that was news that counts.
    pub(crate) fn put(&mut self, name: &str, peer: Peer) -> bool {
        let name = name.to_lowercase();
        match self.0.get(&name) {
            Some(known) if *known == peer => return false,
            // Two keys whose fingerprints begin alike: whoever came first stays until it goes.
            Some(known) if known.fingerprint != peer.fingerprint => return false,
            None if self.0.len() >= MAX_NAMES => return false,
            _ => {}
        }
        self.0.insert(name, peer);
        true
    }

    /// Takes a name away, and tells whose it was.
    pub(crate) fn take(&mut self, name: &str) -> Option<Fingerprint> {
        self.0.remove(&name.to_lowercase()).map(|gone| gone.fingerprint)
    }

    /// What is said of a device, under whatever name.
    pub(crate) fn of(&self, fingerprint: &Fingerprint) -> Option<&Peer> {
        self.0.values().find(|peer| peer.fingerprint == *fingerprint)
    }

    /// Each device once.
    pub(crate) fn peers(&self) -> BTreeMap<Fingerprint, Peer> {
        self.0.values().rev().map(|peer| (peer.fingerprint, peer.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_model::DeviceName;
    use fieldcast_wire::Role;

    use super::*;

    fn peer(who: u8, port: u16) -> Peer {
        let (fingerprint, name) = (Fingerprint([who; 32]), DeviceName::new("Anna"));
        Peer { fingerprint, name, role: Role::Receiver, protocol: 1, session: 1, addr: ([127, 0, 0, 1], port).into() }
    }

    #[test]
    fn names_are_bounded_and_whoever_has_one_keeps_it() {
        let mut view = View::default();
        assert!(view.put("Fc-1", peer(1, 1)) && view.put("fc-1", peer(1, 2)), "it has moved");
        assert!(!view.put("FC-1", peer(1, 2)), "nothing new");
        assert!(!view.put("fc-1", peer(2, 1)), "not its name");
        let many = (0..999).filter(|number| view.put(&format!("forged {number}"), peer(3, 1)));
        assert_eq!(many.count(), MAX_NAMES - 1);
        assert_eq!(view.take("fC-1"), Some(Fingerprint([1; 32])));
        assert_eq!(view.take("fc-1"), None);
    }

    #[test]
    fn a_device_with_two_names_is_one_and_there_until_both_are_gone() {
        let mut view = View::default();
        view.put("fc-1", peer(1, 7000));
        view.put("fc-1 (2)", peer(1, 7001));
        assert_eq!(view.peers().into_values().collect::<Vec<_>>(), [peer(1, 7000)], "the first name counts");
        view.take("fc-1");
        assert_eq!(view.of(&Fingerprint([1; 32])), Some(&peer(1, 7001)));
        view.take("fc-1 (2)");
        assert_eq!(view.of(&Fingerprint([1; 32])), None);
    }
}
