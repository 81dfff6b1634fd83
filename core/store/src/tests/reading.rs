//! Reading records back.

use fieldcast_model::{EntityType, FINE_BITS, KeyRange, Record, RecordId, ServerTime};

use super::{Fresh, apply, fresh, household, record, village};
use crate::RecordQuery;

fn ids(records: &[Record]) -> Vec<String> {
    records.iter().map(|record| record.id.to_string()).collect()
}

#[test]
fn orders_range_equally_on_every_device() {
    let mut records: Vec<_> = (0..40).map(|n| household(&format!("h{n}"), 1, 1)).collect();
    for n in 0..40 {
        records.push(record("Task", &format!("t{n}"), &format!("h{n}"), 1, 1));
        records.push(record("Individual", &format!("i{n}"), &format!("h{n}"), 1, 1));
    }
    let (a, b) = (fresh(), fresh());
    apply(&a.store, &village("v"), &records);
    records.reverse(); // so the ids of types and rows differ
    apply(&b.store, &village("v"), &records);
    let read = |of: &Fresh, range| of.store.records_in_range(&village("v"), range).unwrap();
    let all = read(&a, KeyRange::ALL);
    assert_eq!(all.len(), 120);
    assert_eq!(all, read(&b, KeyRange::ALL));
    assert!(all.is_sorted_by_key(|r| (r.root_hash(), r.root.clone(), r.entity.clone(), r.id.clone())));
    let pieces: Vec<_> = (0..8).flat_map(|index| read(&b, KeyRange { bits: 3, index })).collect();
    assert_eq!(pieces, all);
    assert_eq!(read(&a, KeyRange { bits: FINE_BITS + 1, index: 0 }), []);
    assert_eq!(a.store.records_in_range(&village("w"), KeyRange::ALL).unwrap(), []);
}

#[test]
fn lists_changes_after_a_time() {
    let Fresh { store, dir: _dir } = fresh();
    let deleted = Record { deleted: true, ..household("d", 1, 30) };
    let all = [household("a", 1, 10), household("b", 1, 20), household("c", 1, 21), deleted];
    apply(&store, &village("v"), &all);
    let since = |time| {
        let mut ids = ids(&store.read(|r| r.modified_since(&village("v"), KeyRange::ALL, ServerTime(time))).unwrap());
        ids.sort();
        ids
    };
    assert_eq!(since(20), ["c", "d"]);
    assert_eq!(since(30), [""; 0]);
    let bytes = (all[2].body.len() + all[3].body.len()) as u64;
    assert_eq!(store.read(|r| r.modified_totals(&village("v"), ServerTime(20))).unwrap(), (2, bytes));
}

#[test]
fn filters_by_each_query_field() {
    let Fresh { store, dir: _dir } = fresh();
    let mut other = village("v");
    other.project = "p2".into();
    let deleted = Record { deleted: true, ..record("Task", "gone", "a", 1, 1) };
    apply(&store, &village("v"), &[household("a", 1, 1), record("Task", "t", "a", 1, 1), deleted]);
    apply(&store, &village("w"), &[household("b", 1, 1)]);
    apply(&store, &other, &[household("a", 1, 1)]);
    let found = |query: RecordQuery| {
        let mut ids = ids(&store.records(&query).unwrap());
        ids.sort();
        ids
    };
    let any = RecordQuery::default;
    assert_eq!(found(any()), ["a", "a", "b", "t"]);
    assert_eq!(found(RecordQuery { include_deleted: true, ..any() }).len(), 5);
    assert_eq!(found(RecordQuery { dataset: Some(village("v")), ..any() }), ["a", "t"]);
    assert_eq!(found(RecordQuery { dataset: Some(village("x")), ..any() }), [""; 0]);
    assert_eq!(found(RecordQuery { boundary: Some("v".into()), ..any() }), ["a", "a", "t"]);
    assert_eq!(found(RecordQuery { entity: Some(EntityType::new("Task")), ..any() }), ["t"]);
    assert_eq!(found(RecordQuery { entity: Some(EntityType::new("Stock")), ..any() }), [""; 0]);
    assert_eq!(found(RecordQuery { id: Some(RecordId::parse("b")), ..any() }), ["b"]);
    assert_eq!(
        found(RecordQuery { root: Some(RecordId::parse("a")), dataset: Some(village("v")), ..any() }),
        ["a", "t"]
    );
    let pages: Vec<_> =
        (0..5).flat_map(|offset| ids(&store.records(&RecordQuery { limit: 1, offset, ..any() }).unwrap())).collect();
    assert_eq!(pages, ids(&store.records(&any()).unwrap()));
}

#[test]
fn uses_an_index_for_every_query() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("a", 1, 1)]);
    let plan = |sql: &str| {
        store.with_writer(|conn| {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let rows = statement.query_map((), |row| row.get::<_, String>(3)).unwrap();
            rows.map(Result::unwrap).collect::<Vec<_>>().join("; ")
        })
    };
    let by_id =
        plan("SELECT body FROM record WHERE dataset IN (1, 2) AND entity IN (1, 2) AND key = 'a' AND deleted = 0");
    assert!(by_id.contains("(dataset=? AND entity=? AND key=?)"), "{by_id}");
    let by_root = plan("SELECT body FROM record WHERE dataset IN (1, 2) AND root_hash = 5 AND root = 'a'");
    assert!(by_root.contains("record_range (dataset=? AND root_hash=?)"), "{by_root}");
    let rows_of = plan("SELECT id FROM record WHERE dataset = 1 AND entity = 1");
    assert!(rows_of.contains("COVERING INDEX"), "{rows_of}");
}

#[test]
fn finds_roots_by_type_and_id() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("a", 1, 1), record("Individual", "i", "a", 1, 1)]);
    let ask = [("Individual", "i"), ("Task", "i"), ("Individual", "j")]
        .map(|(entity, id)| (EntityType::new(entity), RecordId::parse(id)));
    assert_eq!(store.roots_of(&village("v"), &ask).unwrap(), [Some(RecordId::parse("a")), None, None]);
    assert_eq!(store.roots_of(&village("w"), &ask).unwrap(), [None, None, None]);
}

#[test]
fn reads_one_consistent_state() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("a", 1, 1)]);
    store
        .read(|r| {
            let before = r.ranges(&village("v"), 4)?;
            apply(&store, &village("v"), &[household("a", 2, 2), household("b", 1, 1)]);
            assert_eq!(r.ranges(&village("v"), 4)?, before);
            assert_eq!(ids(&r.records_in_range(&village("v"), KeyRange::ALL)?), ["a"]);
            Ok(())
        })
        .unwrap();
    assert_eq!(store.summary(&village("v")).unwrap().unwrap().records, 2);
}
