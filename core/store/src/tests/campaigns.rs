//! Campaigns with their grants and revocations.

use super::{Fresh, fresh};

#[test]
fn keeps_newest_revocations_of_trusted_campaign() {
    let Fresh { store, dir: _dir } = fresh();
    let key = [1; 32];
    assert!(!store.keep_revocations(&key, 1, "one").unwrap(), "not trusted");
    store.trust_campaign(&key, "Nets", 5).unwrap();
    assert!(store.keep_revocations(&key, 2, "two").unwrap());
    assert!(!store.keep_revocations(&key, 2, "another two").unwrap());
    assert!(!store.keep_revocations(&key, 1, "one").unwrap(), "an older list does not end a revocation");
    store.trust_campaign(&key, "Nets 2026", 9).unwrap();
    let campaigns = store.campaigns().unwrap();
    assert_eq!((campaigns.len(), campaigns[0].name.as_str(), campaigns[0].since), (1, "Nets 2026", 5));
    assert_eq!((campaigns[0].revoked_number, campaigns[0].revocations.as_deref()), (Some(2), Some("two")));
}

#[test]
fn removes_grants_with_their_campaign() {
    let Fresh { store, dir: _dir } = fresh();
    assert!(store.keep_grant(&[1; 32], "of an unknown campaign").is_err());
    store.trust_campaign(&[1; 32], "Nets", 5).unwrap();
    for statement in ["first", "second", "first"] {
        store.keep_grant(&[1; 32], statement).unwrap();
    }
    assert_eq!(store.held_grants().unwrap(), ["second", "first"]);
    assert!(store.forget_campaign(&[1; 32]).unwrap());
    assert!(!store.forget_campaign(&[1; 32]).unwrap());
    assert_eq!(store.held_grants().unwrap(), [""; 0]);
}
