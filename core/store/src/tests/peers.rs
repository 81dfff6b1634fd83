//! Devices that are known.

use fieldcast_model::{DeviceName, Fingerprint};

use super::{Fresh, fresh};
use crate::{KnownPeer, Store};

fn peer(byte: u8, name: &str, since: i64) -> KnownPeer {
    KnownPeer { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new(name), since }
}

#[test]
fn a_device_is_known_by_its_key_until_it_is_forgotten() {
    let Fresh { store, dir } = fresh();
    assert!(!store.knows_peer(&Fingerprint([1; 32])).unwrap());
    store.remember_peer(&peer(1, "Bela", 5)).unwrap();
    store.remember_peer(&peer(2, "Asha", 6)).unwrap();
    store.remember_peer(&peer(1, "Bela's new name", 7)).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(store.known_peers().unwrap(), [peer(2, "Asha", 6), peer(1, "Bela's new name", 7)]);
    assert!(store.knows_peer(&Fingerprint([1; 32])).unwrap());
    assert!(!store.knows_peer(&Fingerprint([3; 32])).unwrap(), "a name is no key");
    assert!(store.forget_peer(&Fingerprint([1; 32])).unwrap());
    assert!(!store.forget_peer(&Fingerprint([1; 32])).unwrap());
    assert_eq!(store.known_peers().unwrap(), [peer(2, "Asha", 6)]);
}
