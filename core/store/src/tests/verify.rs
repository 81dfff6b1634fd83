//! One flipped bit at any place is found when the data is used.

use fieldcast_model::{KeyRange, Record};
use rusqlite::Connection;

use super::sync::{download, one, verified};
use super::{Fresh, apply, arriving, fresh, household, provenance_of, record, snapshot, village, wrong_ranges};
use crate::verify::chunk_hash;
use crate::{ApplyError, Error, Incoming, RecordQuery, Store, Verified};

fn records() -> Vec<Record> {
    let tasks = (0..20).map(|n| record("Task", &format!("t{n}"), &format!("h{}", n % 5), 1, 5));
    (0..5).map(|n| household(&format!("h{n}"), 1, 5)).chain(tasks).collect()
}

/// A store with a downloaded village, after this damage.
fn damaged(damage: &str) -> Fresh {
    let fresh = fresh();
    download(&fresh.store, 100, &records(), &verified(5));
    fresh.store.with_writer(|conn: &Connection| {
        assert_eq!(conn.execute(damage, ()).unwrap(), 1, "{damage}");
    });
    fresh
}

/// Flips one bit in a column of one record.
fn flip(column: &str) -> String {
    let expression = match column {
        "hash" => "CAST(x'01' || substr(hash, 2) AS BLOB)",
        "body" => r#"replace(body, '"n":5', '"n":4')"#,
        "root_hash" => "root_hash + 1152921504606846976 * iif(root_hash < 2305843009213693952, 1, -1)",
        "deleted" => "1",
        "root" => "'h9'",
        _ => &format!("{column} + 1"),
    };
    format!("UPDATE record SET {column} = {expression} WHERE key = 't7'")
}

fn is_complete(store: &Store) -> bool {
    store.summary(&village("v")).unwrap().unwrap().as_of.0 > 0
}

#[test]
fn drops_damaged_record_until_next_download() {
    for column in ["body", "row_version", "modified", "deleted", "root"] {
        let Fresh { store, dir: _dir } = damaged(&flip(column));
        let served = store.records_in_range(&village("v"), KeyRange::ALL);
        assert!(matches!(served, Err(Error::DamagedRecords)), "{column} is returned in spite of damage");
        let found = store.verify_dataset(&village("v")).unwrap();
        assert_eq!((found.records, found.dropped), (25, 1), "{column}");
        assert_eq!((wrong_ranges(&store).unwrap(), is_complete(&store)), (0, false), "{column}");
        download(&store, 200, &records(), &verified(5));
        assert_eq!(store.records_in_range(&village("v"), KeyRange::ALL).unwrap().len(), 25);
        assert!(is_complete(&store));
        assert_eq!(store.verify_dataset(&village("v")).unwrap(), Verified { records: 25, ..Verified::default() });
    }
}

#[test]
fn repairs_derived_data_from_records() {
    let damages = [
        flip("hash"),
        flip("root_hash"),
        "UPDATE range_digest SET digest = CAST(x'01' || substr(digest, 2) AS BLOB) WHERE range = (SELECT min(range) FROM range_digest)".to_owned(),
        "UPDATE range_digest SET records = records + 64 WHERE range = (SELECT min(range) FROM range_digest)".to_owned(),
        "UPDATE provenance SET records = 3".to_owned(),
    ];
    for damage in damages {
        let Fresh { store, dir: _dir } = damaged(&damage);
        let found = store.verify(&mut |_, _| {}).unwrap();
        assert!(found.repaired > 0 && found.dropped == 0, "{damage}: {found:?}");
        assert_eq!((wrong_ranges(&store).unwrap(), is_complete(&store)), (0, true), "{damage}");
        assert_eq!(store.verify(&mut |_, _| {}).unwrap(), Verified { records: 25, ..Verified::default() });
    }
}

#[test]
fn marks_village_incomplete_after_record_loss() {
    let Fresh { store, dir: _dir } = damaged("DELETE FROM record WHERE key = 't7'");
    assert_eq!(store.verify_dataset(&village("v")).unwrap().dropped, 1);
    assert!(!is_complete(&store));
}

#[test]
fn repairs_damaged_record_from_new_copy() {
    for column in ["body", "row_version", "modified", "deleted", "root", "root_hash"] {
        let Fresh { store, dir: _dir } = damaged(&flip(column));
        download(&store, 200, &records(), &verified(5));
        assert_eq!(one(&store, "t7"), record("Task", "t7", "h2", 1, 5), "{column}, by a download");
        assert_eq!(wrong_ranges(&store).unwrap(), 0);
        let Fresh { store, dir: _dir } = damaged(&flip(column));
        let merged = apply(&store, &village("v"), &records()).merged;
        assert_eq!((merged.updated, merged.unchanged), (1, 24), "{column}, by a bundle");
        assert_eq!(wrong_ranges(&store).unwrap(), 0);
    }
}

#[test]
fn lists_records_without_damaged_ones() {
    let Fresh { store, dir: _dir } = damaged(&flip("body"));
    let listed = store.records(&RecordQuery::default()).unwrap();
    assert_eq!((listed.len(), is_complete(&store)), (24, false));
    assert!(listed.iter().all(|record| record.id.to_string() != "t7"));
}

#[test]
fn refuses_snapshot_hash_of_damaged_hashes() {
    let Fresh { store, dir: _dir } = damaged(&flip("hash"));
    let snapshot_hash = || store.read(|reader| reader.snapshot_hash(&village("v")));
    assert!(matches!(snapshot_hash(), Err(Error::DamagedRecords)));
    store.verify_dataset(&village("v")).unwrap();
    snapshot_hash().unwrap();
}

#[test]
fn drops_damaged_chunks_before_use() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &records());
    let range = KeyRange::ALL;
    let digest = store.ranges(&village("v"), 0).unwrap()[0].digest;
    let hash = chunk_hash(b"chunk");
    let cached = || store.read(|reader| reader.cached_chunks(&village("v"), 0)).unwrap().len();
    for damage in ["UPDATE chunk_cache SET bytes = x'00'", "UPDATE chunk_cache SET hash = zeroblob(32)"] {
        store.cache_chunk(&village("v"), range, &digest, &hash, b"chunk").unwrap();
        assert_eq!((cached(), store.chunk_bytes(&hash).unwrap()), (1, Some(b"chunk".to_vec())));
        store.with_writer(|conn| conn.execute(damage, ()).unwrap());
        assert_eq!((cached(), store.chunk_bytes(&hash).unwrap()), (0, None), "{damage}");
    }
    assert_eq!(store.verify(&mut |_, _| {}).unwrap().repaired, 1);

    let incoming = Incoming {
        bundle_id: [1; 32],
        offered: Vec::new(),
        sender: fieldcast_model::Fingerprint([7; 32]),
        sender_name: fieldcast_model::DeviceName::new("Asha"),
    };
    store.begin_incoming(&incoming).unwrap();
    store.stage_chunks(&[1; 32], &[(hash, b"chunk".to_vec())]).unwrap();
    store.with_writer(|conn| conn.execute("UPDATE staged_chunk SET bytes = x'00'", ()).unwrap());
    assert_eq!(store.staged_chunk(&hash).unwrap(), None);
    assert!(store.resume_incoming(&[1; 32], &[hash]).unwrap().is_empty(), "the chunk is requested again");
}

#[test]
fn finds_same_damage_in_small_steps() {
    let steps = |store: &Store| -> Vec<Verified> {
        store.check_steps().unwrap().iter().map(|step| store.check(step).unwrap()).collect()
    };
    let sum = |steps: Vec<Verified>| {
        steps.into_iter().fold(Verified::default(), |mut sum, step| {
            sum += step;
            sum
        })
    };
    let Fresh { store, dir: _dir } = damaged(&flip("body"));
    assert_eq!(sum(steps(&store)), Verified { records: 25, repaired: 2, dropped: 1 });
    assert_eq!(sum(steps(&store)), Verified { records: 24, ..Verified::default() });

    let many = (0..2500).map(|n| household(&format!("h{n}"), 1, 5)).collect::<Vec<_>>();
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &many);
    let range = KeyRange::ALL;
    let digest = store.ranges(&village("v"), 0).unwrap()[0].digest;
    for n in 0..20 {
        store.cache_chunk(&village("v"), range, &digest, &chunk_hash(&[n]), &[n]).unwrap();
    }
    store.with_writer(|conn| conn.execute("DELETE FROM record WHERE key = 'h7'", ()).unwrap());
    let small = steps(&store);
    assert!(small.iter().all(|step| step.records <= 1000 || step.dropped > 0), "{small:?}");
    assert_eq!(sum(small).dropped, 1, "one record is missing");
    assert!(!is_complete(&store));
}

#[test]
fn reports_kill_of_last_process() {
    let Fresh { store, dir } = fresh();
    apply(&store, &village("v"), &records());
    let killed = tempfile::TempDir::new().unwrap(); // the folder as a kill leaves it
    for file in std::fs::read_dir(dir.path()).unwrap().map(|file| file.unwrap()) {
        std::fs::copy(file.path(), killed.path().join(file.file_name())).unwrap();
    }
    drop(store);
    let was_killed = |dir: &tempfile::TempDir| Store::open(dir.path()).unwrap().was_killed;
    assert!(!was_killed(&dir));
    assert!(was_killed(&killed) && !was_killed(&killed), "the second open follows a clean end");
}

#[test]
fn rejects_held_range_whose_record_is_damaged() {
    for column in ["body", "hash", "deleted"] {
        let Fresh { store, dir: _dir } = damaged(&flip(column));
        let (snapshot, provenance) = (snapshot(&village("v"), 20), provenance_of(&records()));
        let held = || store.apply::<()>(&arriving(&snapshot, &provenance, Some(&[KeyRange::ALL])), &mut || Ok(None));
        assert!(matches!(held(), Err(ApplyError::NotAuthentic)), "{column}");
        let changes = store.apply::<()>(&arriving(&snapshot, &provenance, None), &mut || Ok(None)).unwrap();
        assert!(matches!(changes, crate::Verdict::Differs(_)), "{column}");
        assert!(store.verify_dataset(&village("v")).unwrap() != Verified { records: 25, ..Verified::default() });
    }
}

#[test]
fn finds_missing_index_key_in_small_steps() {
    let Fresh { store, dir } = damaged("UPDATE record SET modified = 5 WHERE key = 't7'");
    store.with_writer(|conn| conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap());
    let path = dir.path().join("fieldcast.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // In the table, the key is followed by its body; in the index, it is not.
    let is_entry =
        |at: &usize| bytes[*at..].starts_with(b"t7") && !bytes[*at..].iter().take(300).any(|byte| *byte == b'{');
    let entries: Vec<_> = (0..bytes.len()).filter(is_entry).collect();
    assert!(!entries.is_empty());
    entries.into_iter().for_each(|at| bytes[at + 1] = b'_');
    std::fs::write(&path, bytes).unwrap();
    // Reads with a connection that has no page in memory yet, because the other one is in use.
    let found = store.read(|_| store.check_steps()?.iter().try_for_each(|step| store.check(step).map(drop)));
    assert!(matches!(found, Err(Error::Corrupt)), "{found:?}");
    assert!(dir.path().join("fieldcast.suspect").exists(), "the next open recovers it");
}
