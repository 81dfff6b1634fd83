//! The signers of received datasets.

use fieldcast_model::{DeviceName, Provenance, SnapshotSummary};

use super::{Fresh, apply, arriving, fresh, household, provenance_of, village};
use crate::{Store, Verdict};

/// Applies from a device with this name data that is already here.
fn apply_again(store: &Store, summary: &SnapshotSummary, name: &str) -> (Verdict, Provenance) {
    let provenance = Provenance { name: DeviceName::new(name), ..provenance_of(&[household("a", 1, 1)]) };
    (store.apply::<()>(&arriving(summary, &provenance, None), &mut || Ok(None)).unwrap(), provenance)
}

fn kept(store: &Store) -> Option<(SnapshotSummary, Provenance)> {
    store.read(|reader| reader.provenance(&village("v"))).unwrap()
}

#[test]
fn keeps_provenance_until_version_changes() {
    let Fresh { store, dir } = fresh();
    assert_eq!(kept(&store), None);
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    assert_eq!(kept(&store), None, "the signed snapshot had another digest");
    apply_again(&store, &summary, "office");
    let (_, another) = apply_again(&store, &summary, "another");
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(kept(&store), Some((summary.clone(), another)));

    apply(&store, &village("v"), &[household("a", 1, 1)]);
    assert!(kept(&store).is_some(), "the data is unchanged");
    apply(&store, &village("v"), &[household("a", 2, 2)]);
    assert_eq!(kept(&store), None, "another version");
    assert!(matches!(apply_again(&store, &summary, "office").0, Verdict::Differs(_)));
    assert_eq!(kept(&store), None, "the signed version is not on this device");
}

#[test]
fn accepts_other_names_but_not_other_counts() {
    let Fresh { store, dir: _dir } = fresh();
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    let renamed = SnapshotSummary { boundary_name: "Muite 1".into(), ..summary.clone() };
    let (_, provenance) = apply_again(&store, &renamed, "office");
    assert_eq!(kept(&store), Some((renamed, provenance)), "with the signed names");
    let counted = SnapshotSummary { households: summary.households + 1, ..summary };
    apply_again(&store, &counted, "office");
    assert_eq!(kept(&store), None);
}
