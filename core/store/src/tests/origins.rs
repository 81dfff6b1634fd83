//! Who answers for what was taken over.

use fieldcast_model::{DeviceName, Origin, Signature, SnapshotSummary};

use super::{Fresh, apply, fresh, household, village};
use crate::Store;

fn origin(name: &str) -> Origin {
    Origin { key: [3; 32], name: DeviceName::new(name), signature: Signature([4; 64]) }
}

fn kept(store: &Store) -> Option<(SnapshotSummary, Origin)> {
    store.read(|reader| reader.origin(&village("v"))).unwrap()
}

#[test]
fn it_stands_for_as_long_as_that_version_does() {
    let Fresh { store, dir } = fresh();
    assert_eq!(kept(&store), None);
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    assert_eq!(kept(&store), None);
    store.keep_origin(&summary, &origin("office")).unwrap();
    store.keep_origin(&summary, &origin("another")).unwrap();
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(kept(&store), Some((summary.clone(), origin("another"))));

    apply(&store, &village("v"), &[household("a", 1, 1)]);
    assert!(kept(&store).is_some(), "nothing has changed");
    apply(&store, &village("v"), &[household("a", 2, 2)]);
    assert_eq!(kept(&store), None, "another version");
    store.keep_origin(&summary, &origin("office")).unwrap();
    assert_eq!(kept(&store), None, "of a version that is not here");
}

#[test]
fn names_may_be_others_and_counts_may_not() {
    let Fresh { store, dir: _dir } = fresh();
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    let renamed = SnapshotSummary { boundary_name: "Muite 1".into(), ..summary.clone() };
    store.keep_origin(&renamed, &origin("office")).unwrap();
    assert_eq!(kept(&store), Some((renamed, origin("office"))), "in the names it was signed with");
    let counted = SnapshotSummary { households: summary.households + 1, ..summary };
    store.keep_origin(&counted, &origin("office")).unwrap();
    assert_eq!(kept(&store), None);
}
