//! Damage, full storage and kills.

use std::fs;
use std::path::Path;

use fieldcast_model::{KeyRange, Record};
use proptest::prelude::*;

use super::{Fresh, apply, arriving, batch, fresh, household, provenance_of, record, snapshot, village, wrong_ranges};
use crate::{AppliedSnapshot, Batch, Error, Opened, Recovery, Store, Verdict, files};

/// A closed store with enough data for tables of several pages.
fn filled() -> tempfile::TempDir {
    let Fresh { store, dir } = fresh();
    let records: Vec<_> = (0..200).map(|n| household(&format!("h{n}"), 1, n)).collect();
    apply(&store, &village("v"), &records);
    dir
}

/// Opens a damaged store with lost data: the old file is kept, and the village is incomplete.
fn assert_recovered(dir: &Path, damaged: &[u8]) -> Recovery {
    let Opened { store, recovery, .. } = Store::open(dir).unwrap();
    let recovery = recovery.expect("the store is recovered");
    let aside = recovery.old.clone().expect("data was lost");
    assert!(aside.file_name().unwrap().to_str().unwrap().starts_with("fieldcast.db.corrupt-"));
    assert!(fs::read(&aside).unwrap() == damaged, "the old file keeps every byte");
    assert_eq!(recovery.incomplete, [village("v")]);
    let here = store.summary(&village("v")).unwrap().unwrap();
    assert_eq!((here.records, here.as_of.0, wrong_ranges(&store).unwrap()), (recovery.records, 0, 0));
    let all: Vec<_> = (0..200).map(|n| household(&format!("h{n}"), 1, n)).collect();
    assert_eq!(apply(&store, &village("v"), &all).summary.records, 200, "the next bundle restores the missing records");
    recovery
}

#[test]
fn keeps_invalid_file_under_new_name() {
    let dir = filled();
    let path = dir.path().join(files::FILE);
    for n in 1..=2 {
        let mut bytes = fs::read(&path).unwrap();
        bytes[..100].fill(0x5a);
        fs::write(&path, &bytes).unwrap();
        assert_eq!(assert_recovered(dir.path(), &bytes).records, 0);
        assert!(dir.path().join(format!("fieldcast.db.corrupt-{n}")).exists());
    }
}

#[test]
fn keeps_truncated_file_with_its_log() {
    let dir = filled();
    let path = dir.path().join(files::FILE);
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() / 2 / 4096 * 4096);
    fs::write(&path, &bytes).unwrap();
    fs::write(dir.path().join("fieldcast.db-wal"), "left over").unwrap();
    assert_recovered(dir.path(), &bytes);
    assert_eq!(fs::read(dir.path().join("fieldcast.db.corrupt-1-wal")).unwrap(), b"left over");
}

#[test]
fn recovers_records_of_readable_pages() {
    let dir = filled();
    let path = dir.path().join(files::FILE);
    let mut bytes = fs::read(&path).unwrap();
    let body = household("h100", 1, 100).body.as_str().as_bytes().to_vec();
    let at = bytes.windows(body.len()).position(|window| window == body).unwrap() / 4096 * 4096;
    bytes[at..at + 64].fill(0xff);
    fs::write(&path, &bytes).unwrap();
    let saved = assert_recovered(dir.path(), &bytes).records;
    assert!((100..200).contains(&saved), "{saved} of 200 records saved");
}

#[test]
fn recovers_from_damaged_header() {
    // Bytes of SQLite's header: the write version, the number of free pages, the schema format and the version (too
    // new, zero, too new).
    for (at, bit) in [(18, 5), (37, 2), (39, 0), (47, 3), (62, 6), (63, 0), (63, 2)] {
        let Fresh { store, dir } = fresh();
        store.set_setting("k", "v").unwrap();
        drop(store);
        let path = dir.path().join(files::FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let opened = Store::open(dir.path()).unwrap();
        assert!(opened.recovery.is_some(), "byte {at}");
        assert_eq!(opened.store.setting("k").unwrap().as_deref(), Some("v"), "byte {at}");
        opened.store.set_setting("k", &"v".repeat(99_999)).unwrap();
    }
}

#[test]
fn recreates_copy_with_damaged_header() {
    for (at, bit) in [(18, 0), (18, 5), (47, 3), (59, 1)] {
        let Fresh { store, dir } = fresh();
        store.set_setting("k", "v").unwrap();
        drop(store);
        let path = dir.path().join(crate::copy::FILE);
        let mut bytes = fs::read(&path).unwrap();
        bytes[at] ^= 1 << bit;
        fs::write(&path, bytes).unwrap();
        let store = Store::open(dir.path()).unwrap().store;
        assert_eq!(store.setting("k").unwrap().as_deref(), Some("v"), "byte {at}");
        store.set_setting("k", "w").unwrap();
    }
}

#[test]
fn recovers_from_flipped_bit_in_any_key() {
    let Fresh { store, dir } = fresh();
    let records = [household("the-only-one", 1, 1), household("another-one", 1, 1)];
    apply(&store, &village("v"), &records);
    drop(store);
    let path = dir.path().join(files::FILE);
    let bytes = fs::read(&path).unwrap();
    let places: Vec<_> = (0..bytes.len()).filter(|at| bytes[*at..].starts_with(b"the-only-one")).collect();
    assert!(places.len() >= 4, "the key is in key, root, body and an index");
    for at in places {
        let mut damaged = bytes.clone();
        damaged[at + 4] ^= 1;
        fs::write(&path, damaged).unwrap();
        let store = Store::open(dir.path()).unwrap().store;
        store.verify(&mut |_, _| {}).unwrap();
        apply(&store, &village("v"), &records);
        assert_eq!(store.records_in_range(&village("v"), KeyRange::ALL).unwrap().len(), 2, "byte {at}");
        assert_eq!(wrong_ranges(&store).unwrap(), 0, "byte {at}");
    }
}

#[test]
fn reports_damage_and_checks_at_next_open() {
    let dir = filled();
    let store = Store::open(dir.path()).unwrap().store;
    let refused = store.read(|_| Err::<(), _>(Error::Corrupt)).unwrap_err();
    assert!(matches!(refused, Error::Corrupt));
    assert!(dir.path().join(files::SUSPECT).exists());
    drop(store);
    // It was a false alarm: the file is undamaged and stays.
    let opened = Store::open(dir.path()).unwrap();
    assert_eq!(opened.recovery, None);
    assert!(!dir.path().join(files::SUSPECT).exists());
    assert_eq!(opened.store.summary(&village("v")).unwrap().unwrap().records, 200);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// After any change to the file, opening results in a working store.
    #[test]
    fn opens_after_any_damage(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let dir = filled();
        let path = dir.path().join(files::FILE);
        let mut bytes = fs::read(&path).unwrap();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).unwrap();
        match Store::open(dir.path()) {
            // A bit flip can increase the version number, which then looks newer than this build.
            Err(Error::Newer { .. }) => {}
            opened => {
                let Opened { store, recovery, .. } = opened.unwrap();
                if recovery.is_some() {
                    apply(&store, &village("w"), &[household("h", 1, 1)]);
                }
                let _ = wrong_ranges(&store);
            }
        }
    }
}

#[test]
fn reports_full_storage_and_changes_nothing() {
    let Fresh { store, dir: _dir } = fresh();
    let before = apply(&store, &village("v"), &[household("h", 1, 1)]).summary;
    store.with_writer(|conn| {
        let pages: i64 = conn.query_one("PRAGMA page_count", (), |row| row.get(0)).unwrap();
        conn.query_one(&format!("PRAGMA max_page_count = {}", pages + 3), (), |row| row.get::<_, i64>(0)).unwrap();
    });
    let many: Vec<_> = (0..500).map(|n| household(&format!("h{n}"), 1, n)).collect();
    let mut batches = many.chunks(50).map(batch);
    let (snapshot, provenance) = (snapshot(&village("v"), 99), provenance_of(&many));
    let arriving = arriving(&snapshot, &provenance, Some(&[]));
    let full = store.apply::<std::convert::Infallible>(&arriving, &mut || Ok(batches.next()));
    assert!(matches!(full, Err(crate::ApplyError::Store(Error::DiskFull))), "{full:?}");
    assert_eq!(store.summary(&village("v")).unwrap().unwrap(), before);
    assert_eq!(wrong_ranges(&store).unwrap(), 0);
}

#[test]
fn keeps_previous_version_after_kill_during_apply() {
    let Fresh { store, dir } = fresh();
    let before = apply(&store, &village("v"), &[household("h", 1, 1)]).summary;
    // so changes spill into the -wal file
    store.with_writer(|conn| conn.pragma_update(None, "cache_size", 10).unwrap());
    let killed = tempfile::tempdir().unwrap();
    let tasks: Vec<_> = (0..2_000).map(|n| record("Task", &format!("t{n}"), "h", 1, 1)).collect();
    let (mut batches, mut n) = (tasks.chunks(100), 0);
    let batches = &mut || {
        n += 1;
        if n == 20 {
            for file in ["fieldcast.db", "fieldcast.db-wal"] {
                fs::copy(dir.path().join(file), killed.path().join(file)).unwrap();
            }
        }
        let changes = |records: &[Record]| Batch { records: records.to_vec(), is_range: false };
        Ok::<_, std::convert::Infallible>(batches.next().map(changes))
    };
    let all = [&[household("h", 1, 1)], &tasks[..]].concat();
    let (snapshot, provenance) = (snapshot(&village("v"), 99), provenance_of(&all));
    let arriving = arriving(&snapshot, &provenance, Some(&[KeyRange::ALL]));
    let Verdict::Applied(AppliedSnapshot { summary: after, .. }) = store.apply(&arriving, batches).unwrap() else {
        panic!("the process is killed here");
    };
    assert!(
        fs::metadata(killed.path().join("fieldcast.db-wal")).unwrap().len() > 1 << 16,
        "the change must have reached the -wal file"
    );
    let opened = Store::open(killed.path()).unwrap();
    assert_eq!((opened.store.summary(&village("v")).unwrap().unwrap(), opened.recovery), (before, None));
    assert_eq!(store.summary(&village("v")).unwrap().unwrap(), after);
}

#[test]
fn says_what_to_do_in_every_error() {
    let errors = [
        Error::Busy,
        Error::Corrupt,
        Error::DiskFull,
        Error::InUse { dir: "d".into() },
        Error::Newer { found: 2, known: 1 },
        Error::NoSuchBundle,
        Error::NoSuchRun,
        Error::NotWritable { path: "p".into() },
        Error::Sqlite { code: 1, reason: "no such table".into() },
        Error::Storage { code: 266 },
    ];
    for error in errors {
        assert!(error.to_string().contains(';'), "{error}");
    }
}
