//! The stored digests equal the computed digests.

use proptest::prelude::*;

use fieldcast_model::{FINE_BITS, KeyRange, RangeTotals, Record};

use super::{Fresh, apply, fresh, household, record, village, wrong_ranges};

/// The totals of ranges cut at `bits`, computed from the finest ranges.
fn coarser(fine: &[RangeTotals], bits: u8) -> Vec<RangeTotals> {
    let mut sums: Vec<RangeTotals> = Vec::new();
    for part in fine {
        let range = KeyRange { bits, index: part.range.index >> (FINE_BITS - bits) };
        match sums.last_mut().filter(|sum| sum.range == range) {
            Some(sum) => {
                sum.digest += part.digest;
                sum.records += part.records;
                sum.json_bytes += part.json_bytes;
            }
            None => sums.push(RangeTotals { range, ..*part }),
        }
    }
    sums
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn keeps_digests_equal_to_computed_ones(
        batches in prop::collection::vec(
            prop::collection::vec((0..40u8, 0..30u8, 0..4i64, any::<bool>(), any::<bool>()), 0..40), 1..4),
        bits in 0..=FINE_BITS,
    ) {
        let Fresh { store, dir: _dir } = fresh();
        for batch in batches {
            let records: Vec<Record> = batch.into_iter().map(|(id, root, version, deleted, is_household)| {
                let base = if is_household {
                    household(&format!("h{id}"), version, 1)
                } else {
                    record("Task", &format!("t{id}"), &format!("h{root}"), version, 1)
                };
                Record { deleted, ..base }
            }).collect();
            apply(&store, &village("v"), &records);
            apply(&store, &village("w"), &records[records.len() / 2..]);
        }
        for dataset in [village("v"), village("w")] {
            let computed = store.recompute_digests(&dataset).unwrap();
            prop_assert_eq!(&store.ranges(&dataset, FINE_BITS).unwrap(), &computed);
            prop_assert_eq!(&store.ranges(&dataset, bits).unwrap(), &coarser(&computed, bits));
            let summary = store.summary(&dataset).unwrap().unwrap();
            prop_assert_eq!(summary.digest, computed.iter().map(|range| range.digest).sum());
            prop_assert_eq!(summary.records, computed.iter().map(|range| range.records).sum::<u64>());
            let live = "SELECT count(*) FROM household WHERE boundary = ? AND NOT deleted";
            let households = store.with_writer(|conn| conn.query_one(live, [&dataset.boundary], |row| row.get::<_, i64>(0)));
            prop_assert_eq!(summary.households as i64, households.unwrap());
        }
        prop_assert_eq!(wrong_ranges(&store).unwrap(), 0);
    }
}

#[test]
fn changes_digest_with_record_body() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("a", 1, 1), household("b", 1, 1)]);
    store.with_writer(|conn| conn.execute("UPDATE record SET body = '{}' WHERE key = 'a'", ()).unwrap());
    assert_eq!(wrong_ranges(&store).unwrap(), 1);
}

#[test]
fn removes_all_data_of_dataset() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("a", 1, 1)]);
    let kept = apply(&store, &village("w"), &[household("a", 1, 1)]).summary;
    assert!(store.remove_dataset(&village("v")).unwrap());
    assert!(!store.remove_dataset(&village("v")).unwrap());
    assert_eq!(store.datasets().unwrap().len(), 1);
    assert_eq!(store.summary(&village("w")).unwrap(), Some(kept));
    let left = |table| {
        let sql = format!("SELECT count(*) FROM {table}");
        store.with_writer(|conn| conn.query_one(&sql, (), |row| row.get::<_, i64>(0)).unwrap())
    };
    assert_eq!((left("record"), left("range_digest")), (1, 1));
}
