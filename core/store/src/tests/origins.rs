//! Who answers for what was taken over.

use fieldcast_model::{DeviceName, Origin, SnapshotSummary};

use super::{Fresh, apply, arriving, fresh, household, origin_of, village};
use crate::{Store, Verdict};

/// Takes over, from a device of this name, what is here already.
fn take_over(store: &Store, summary: &SnapshotSummary, name: &str) -> (Verdict, Origin) {
    let origin = Origin { name: DeviceName::new(name), ..origin_of(&[household("a", 1, 1)]) };
    (store.apply::<()>(&arriving(summary, &origin, None), &mut || Ok(None)).unwrap(), origin)
}

fn kept(store: &Store) -> Option<(SnapshotSummary, Origin)> {
    store.read(|reader| reader.origin(&village("v"))).unwrap()
}

#[test]
fn it_stands_for_as_long_as_that_version_does() {
    let Fresh { store, dir } = fresh();
    assert_eq!(kept(&store), None);
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    assert_eq!(kept(&store), None, "the snapshot that was named had another digest");
    take_over(&store, &summary, "office");
    let (_, another) = take_over(&store, &summary, "another");
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(kept(&store), Some((summary.clone(), another)));

    apply(&store, &village("v"), &[household("a", 1, 1)]);
    assert!(kept(&store).is_some(), "nothing has changed");
    apply(&store, &village("v"), &[household("a", 2, 2)]);
    assert_eq!(kept(&store), None, "another version");
    assert!(matches!(take_over(&store, &summary, "office").0, Verdict::Differs(_)));
    assert_eq!(kept(&store), None, "of a version that is not here");
}

#[test]
fn names_may_be_others_and_counts_may_not() {
    let Fresh { store, dir: _dir } = fresh();
    let summary = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    let renamed = SnapshotSummary { boundary_name: "Muite 1".into(), ..summary.clone() };
    let (_, origin) = take_over(&store, &renamed, "office");
    assert_eq!(kept(&store), Some((renamed, origin)), "in the names it was signed with");
    let counted = SnapshotSummary { households: summary.households + 1, ..summary };
    take_over(&store, &counted, "office");
    assert_eq!(kept(&store), None);
}
