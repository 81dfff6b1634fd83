//! The merge rule: devices have equal data after any versions in any order.

use std::collections::HashMap;

use proptest::prelude::*;

use fieldcast_model::{FINE_BITS, Record};

use super::{Fresh, apply, fresh, household, record, village, wrong_ranges};
use crate::{Merged, RecordQuery};

/// Versions of few records, so they conflict: some equal, some deleted, some under another root.
fn versions() -> impl Strategy<Value = Vec<Record>> {
    let one = (0..3usize, 0..4u8, 0..3u8, 0..3i64, 0..3i64, any::<bool>());
    prop::collection::vec(one, 1..30).prop_map(|all| {
        let of = |(entity, id, root, row_version, modified, deleted): (usize, u8, u8, i64, i64, bool)| {
            let entity = ["Household", "Task", "Новый"][entity];
            let id = format!("0a1b2c3d-4e5f-6071-8293-a4b5c6d7e80{id}");
            let root = if entity == "Household" || root == 0 { id.clone() } else { format!("h{root}") };
            Record { deleted, ..record(entity, &id, &root, row_version, modified) }
        };
        all.into_iter().map(of).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merges_equally_in_any_order(
        (records, shuffled) in versions().prop_flat_map(|v| {
            let twice: Vec<_> = v.iter().chain(&v).cloned().collect();
            (Just(v), Just(twice).prop_shuffle())
        })
    ) {
        let (Fresh { store: a, dir: _a }, Fresh { store: b, dir: _b }) = (fresh(), fresh());
        let (a_end, b_end) = (apply(&a, &village("v"), &records).summary, apply(&b, &village("v"), &shuffled).summary);
        prop_assert_eq!(&a_end, &b_end);
        prop_assert_eq!(a.ranges(&village("v"), FINE_BITS).unwrap(), b.ranges(&village("v"), FINE_BITS).unwrap());
        // The versions with the greatest stamps win.
        let mut winners: HashMap<_, Record> = HashMap::new();
        for record in records {
            let winner = winners.entry((record.entity.clone(), record.id.clone())).or_insert_with(|| record.clone());
            if record.stamp() > winner.stamp() {
                *winner = record;
            }
        }
        let all = RecordQuery { include_deleted: true, limit: 1000, ..RecordQuery::default() };
        let stored = a.records(&all).unwrap();
        prop_assert_eq!(stored.len(), winners.len());
        for record in stored {
            prop_assert_eq!(Some(&record), winners.get(&(record.entity.clone(), record.id.clone())));
        }
    }
}

#[test]
fn prefers_version_with_known_household() {
    let Fresh { store, dir: _dir } = fresh();
    for id in ["t", "61626364-6566-6768-696a-6b6c6d6e6f70"] {
        let (orphan, rooted) = (record("Task", id, id, 1, 1), record("Task", id, "h", 1, 1));
        apply(&store, &village("v"), std::slice::from_ref(&orphan));
        assert_eq!(apply(&store, &village("v"), std::slice::from_ref(&rooted)).merged.updated, 1);
        assert_eq!(apply(&store, &village("v"), &[orphan]).merged.kept_newer, 1);
    }
    assert_eq!(wrong_ranges(&store).unwrap(), 0);
}

#[test]
fn counts_every_merge_result() {
    let Fresh { store, dir: _dir } = fresh();
    let first = apply(&store, &village("v"), &[household("a", 2, 5), household("b", 1, 1)]).merged;
    assert_eq!(first, Merged { inserted: 2, ..Merged::default() });
    let again = [household("a", 1, 9), household("b", 1, 2), household("b", 1, 2), household("c", 1, 1)];
    let merged = apply(&store, &village("v"), &again).merged;
    assert_eq!(merged, Merged { inserted: 1, updated: 1, unchanged: 1, kept_newer: 1 });
}

#[test]
fn separates_uuid_and_text_of_same_bytes() {
    let Fresh { store, dir: _dir } = fresh();
    let uuid = household("61626364-6566-6768-696a-6b6c6d6e6f70", 1, 1);
    let text = household("abcdefghijklmnop", 1, 1);
    assert_eq!(apply(&store, &village("v"), &[uuid, text]).merged.inserted, 2);
}

#[test]
fn treats_uuid_sent_as_text_as_same_record() {
    use fieldcast_model::RecordId;
    let Fresh { store, dir: _dir } = fresh();
    let uuid = household("61626364-6566-6768-696a-6b6c6d6e6f70", 1, 1);
    let text = RecordId::Text(uuid.id.to_string().into());
    let astray = Record { id: text.clone(), root: text, ..uuid.clone() };
    let merged = apply(&store, &village("v"), &[astray.clone(), uuid.clone(), astray]).merged;
    assert_eq!(merged, Merged { inserted: 1, unchanged: 2, ..Merged::default() });
    assert_eq!(store.records(&RecordQuery::default()).unwrap(), [uuid]);
}
