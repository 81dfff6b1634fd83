//! Trusted devices.

use fieldcast_model::{DeviceName, Fingerprint};

use super::{Fresh, fresh};
use crate::{Store, TrustedPeer};

fn peer(byte: u8, name: &str, since: i64) -> TrustedPeer {
    TrustedPeer { fingerprint: Fingerprint([byte; 32]), name: DeviceName::new(name), since }
}

#[test]
fn trusts_device_by_key_until_forgotten() {
    let Fresh { store, dir } = fresh();
    assert!(!store.trusts_peer(&Fingerprint([1; 32])).unwrap());
    store.trust_peer(&peer(1, "Bela", 5)).unwrap();
    store.trust_peer(&peer(2, "Asha", 6)).unwrap();
    store.trust_peer(&peer(1, "Bela's new name", 7)).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(store.trusted_peers().unwrap(), [peer(2, "Asha", 6), peer(1, "Bela's new name", 7)]);
    assert!(store.trusts_peer(&Fingerprint([1; 32])).unwrap());
    assert!(!store.trusts_peer(&Fingerprint([3; 32])).unwrap(), "an equal name gives no trust");
    assert!(store.forget_peer(&Fingerprint([1; 32])).unwrap());
    assert!(!store.forget_peer(&Fingerprint([1; 32])).unwrap());
    assert_eq!(store.trusted_peers().unwrap(), [peer(2, "Asha", 6)]);
}
