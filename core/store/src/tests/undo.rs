//! The last bundle can be undone.

use fieldcast_model::{FINE_BITS, Record};

use super::sync::{download, one, verified};
use super::{Fresh, apply_as, fresh, household, snapshot, village, wrong_ranges};
use crate::{Error, LocalEdit, Store};

/// The state that an undo must restore.
fn state(store: &Store) -> impl PartialEq + std::fmt::Debug + use<> {
    let status = store.datasets().unwrap().into_iter().map(|status| (status.summary, status.sources));
    let provenance = store.read(|reader| reader.provenance(&village("v"))).unwrap();
    (status.collect::<Vec<_>>(), provenance, store.ranges(&village("v"), FINE_BITS).unwrap())
}

#[test]
fn restores_state_before_last_bundle() {
    let Fresh { store, dir } = fresh();
    download(&store, 100, &[household("a", 1, 1), household("b", 1, 1), household("c", 1, 1)], &verified(3));
    let before = state(&store);
    let forged = [
        household("a", 9, 120),
        Record { deleted: true, ..household("b", 2, 2) },
        household("c", 1, 1),
        household("made-up", 1, 1),
    ];
    apply_as(&store, &snapshot(&village("v"), 200), &forged);
    assert!(store.datasets().unwrap()[0].can_undo && state(&store) != before);
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    store.undo_bundle(&village("v")).unwrap();
    assert_eq!(state(&store), before);
    assert_eq!(wrong_ranges(&store).unwrap(), 0);
    assert!(matches!(store.undo_bundle(&village("v")), Err(Error::NothingToUndo)), "once");
}

#[test]
fn undoes_only_the_last_change() {
    let Fresh { store, dir: _dir } = fresh();
    assert!(matches!(store.undo_bundle(&village("v")), Err(Error::NothingToUndo)));
    apply_as(&store, &snapshot(&village("v"), 100), &[household("a", 1, 1)]);
    apply_as(&store, &snapshot(&village("v"), 200), &[household("a", 2, 110)]);
    store.undo_bundle(&village("v")).unwrap();
    assert_eq!(one(&store, "a"), household("a", 1, 1), "the first bundle stays");
    assert!(matches!(store.undo_bundle(&village("v")), Err(Error::NothingToUndo)));
    apply_as(&store, &snapshot(&village("v"), 200), &[household("a", 2, 110)]);
    download(&store, 300, &[household("a", 3, 210)], &verified(1));
    assert!(matches!(store.undo_bundle(&village("v")), Err(Error::NothingToUndo)), "a download followed the bundle");
}

#[test]
fn leaves_only_edits_after_undoing_first_bundle() {
    let Fresh { store, dir: _dir } = fresh();
    let first = || apply_as(&store, &snapshot(&village("v"), 100), &[household("a", 1, 1)]);
    first();
    store.undo_bundle(&village("v")).unwrap();
    assert_eq!(store.datasets().unwrap(), []);
    first();
    let Record { entity, id, root, body, .. } = household("a", 1, 1);
    store.put_edit(&LocalEdit { dataset: village("v"), entity, id, root, deleted: false, body, edited_at: 1 }).unwrap();
    store.undo_bundle(&village("v")).unwrap();
    assert_eq!((store.edits().unwrap().len(), store.summary(&village("v")).unwrap().unwrap().records), (1, 0));
}
