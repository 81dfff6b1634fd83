//! Applying, staging and the chunk cache.

use std::collections::HashSet;

use fieldcast_model::{DeviceName, Digest, Fingerprint, KeyRange, Provenance, Record, ServerTime, SnapshotSummary};

use super::{
    Fresh, apply, apply_as, arriving, batch, fresh, household, provenance_of, snapshot, village, wrong_ranges,
};
use crate::verify::chunk_hash;
use crate::{ApplyError, Arriving, Batch, Consent, Error, Incoming, Store, Verdict};

/// The input of an apply without a signature of these records.
fn unsigned(snapshot: &SnapshotSummary) -> Arriving<'_> {
    static ORIGIN: std::sync::LazyLock<Provenance> = std::sync::LazyLock::new(|| provenance_of(&[]));
    arriving(snapshot, &ORIGIN, Some(&[]))
}

#[test]
fn rolls_back_when_source_fails() {
    let Fresh { store, dir: _dir } = fresh();
    let before = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    for fail_at in 0..4 {
        let mut n = 0;
        let failed = store.apply(&unsigned(&snapshot(&village("v"), 99)), &mut || {
            n += 1;
            if n > fail_at {
                Err("a bad chunk")
            } else {
                Ok(Some(batch(&[household(&format!("a{n}"), n, 2), household(&format!("b{n}"), n, 2)])))
            }
        });
        assert!(matches!(failed, Err(ApplyError::Source("a bad chunk"))));
        assert_eq!(store.summary(&village("v")).unwrap().unwrap(), before);
    }
    assert_eq!(wrong_ranges(&store).unwrap(), 0);
    assert_eq!(apply(&store, &village("v"), &[household("a", 2, 2)]).merged.updated, 1, "the store still works");
}

#[test]
fn rolls_back_when_source_panics() {
    let Fresh { store, dir: _dir } = fresh();
    let half = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut first = true;
        store.apply::<()>(&unsigned(&snapshot(&village("v"), 99)), &mut || {
            assert!(std::mem::take(&mut first), "bug");
            Ok(Some(batch(&[household("a", 1, 1)])))
        })
    }));
    assert!(half.is_err());
    assert_eq!(store.summary(&village("v")).unwrap(), None);
    apply(&store, &village("v"), &[household("a", 1, 1)]);
}

#[test]
fn never_lowers_as_of_in_exchange() {
    let Fresh { store, dir: _dir } = fresh();
    for (comes, stands) in [(50, 50), (40, 50), (60, 60)] {
        let applied = apply_as(&store, &snapshot(&village("v"), comes), &[]);
        assert_eq!(applied.summary.as_of, ServerTime(stands));
    }
}

/// Applies changes to a snapshot.
fn apply_changes(store: &Store, snapshot: &SnapshotSummary, provenance: &Provenance, changes: &[Record]) -> Verdict {
    let mut batch = Some(Batch { records: changes.to_vec(), is_range: false });
    store.apply::<()>(&arriving(snapshot, provenance, None), &mut || Ok(batch.take())).unwrap()
}

#[test]
fn applies_changes_only_if_complete() {
    let (Fresh { store, dir: _dir }, other) = (fresh(), fresh());
    let [a, b] = [household("a", 1, 1), household("b", 1, 1)];
    let whole = apply(&other.store, &village("v"), &[a.clone(), b.clone()]).summary;
    let provenance = provenance_of(&[a.clone(), b.clone()]);
    let Verdict::Differs(differing) = apply_changes(&store, &whole, &provenance, std::slice::from_ref(&a)) else {
        panic!("record b is missing");
    };
    assert_eq!((differing.summary.records, differing.ranges.len()), (1, 1), "the state after the changes");
    assert_eq!(store.summary(&village("v")).unwrap(), None, "nothing is stored unless it matches the signature");

    let forged = provenance_of(std::slice::from_ref(&a));
    assert!(matches!(apply_changes(&store, &whole, &forged, &[a.clone(), b.clone()]), Verdict::Differs(_)));
    assert_eq!(store.summary(&village("v")).unwrap(), None);
    let Verdict::Applied(applied) = apply_changes(&store, &whole, &provenance, &[a, b]) else {
        panic!("the changes are complete")
    };
    assert_eq!((applied.summary.as_of, applied.summary.digest), (ServerTime(10), whole.digest));
}

#[test]
fn requires_signed_hash_for_whole_snapshot() {
    let Fresh { store, dir: _dir } = fresh();
    let [a, b, newer] = [household("a", 1, 1), household("b", 1, 1), household("a", 2, 25)];
    let before = apply(&store, &village("v"), std::slice::from_ref(&newer)).summary;
    let (snapshot, provenance) = (snapshot(&village("v"), 20), provenance_of(&[a.clone(), b.clone()]));
    let take = |records: &[Record], held: &[KeyRange]| {
        let mut batch = Some(batch(records));
        store.apply::<()>(&arriving(&snapshot, &provenance, Some(held)), &mut || Ok(batch.take()))
    };
    let forged = household("b", 999, 1);
    for (records, held) in [
        (&[a.clone(), forged][..], &[][..]),
        (std::slice::from_ref(&a), &[]),
        (&[a.clone(), b.clone(), household("c", 1, 1)], &[]),
        (std::slice::from_ref(&b), &[KeyRange::ALL]), // the held ranges do not match the signed records
    ] {
        assert!(matches!(take(records, held), Err(ApplyError::NotAuthentic)), "{records:?}");
        assert_eq!(store.summary(&village("v")).unwrap().unwrap(), before);
    }
    let Verdict::Applied(applied) = take(&[a, b], &[]).unwrap() else { panic!("the snapshot is complete") };
    assert_eq!((applied.merged.kept_newer, applied.merged.inserted), (1, 1));
}

#[test]
fn prefers_server_names_over_peer_names() {
    use crate::{SyncStart, SyncTarget};
    let Fresh { store, dir: _dir } = fresh();
    let names = || {
        let summary = store.summary(&village("v")).unwrap().unwrap();
        (summary.project_name, summary.boundary_name)
    };
    let named = |project: &str, boundary: &str| SnapshotSummary {
        project_name: project.into(),
        boundary_name: boundary.into(),
        ..snapshot(&village("v"), 1)
    };
    for (summary, project, boundary) in [
        (named("Nets", ""), "Nets", ""),
        (named("Free money", "Cavina"), "Nets", "Cavina"),
        (named("x", "y"), "Nets", "Cavina"),
    ] {
        apply_as(&store, &summary, &[]);
        assert_eq!(names(), (project.into(), boundary.into()));
    }
    let target = SyncTarget {
        server: "https://s".into(),
        dataset: village("v"),
        project_name: "Nets 2026".into(),
        boundary_name: String::new(),
    };
    store.begin_sync(&target, SyncStart::Fresh).unwrap();
    assert_eq!(names(), ("Nets 2026".into(), "Cavina".into()));
}

#[test]
fn rejects_bundle_with_repeated_record() {
    let Fresh { store, dir: _dir } = fresh();
    let before = apply(&store, &village("v"), &[household("a", 1, 1)]).summary;
    let [one, two] = [household("b", 1, 1), household("b", 2, 2)];
    let moved = Record { root: household("elsewhere", 1, 1).id, ..two.clone() };
    for twice in
        [[one.clone(), one.clone()], [one.clone(), two], [one, moved], [household("a", 1, 1), household("a", 2, 2)]]
    {
        let (snapshot, provenance) = (snapshot(&village("v"), 20), provenance_of(&twice));
        for held in [Some(&[][..]), None] {
            let mut batch = Some(Batch { records: twice.to_vec(), is_range: held.is_some() });
            let refused = store.apply::<()>(&arriving(&snapshot, &provenance, held), &mut || Ok(batch.take()));
            assert!(matches!(refused, Err(ApplyError::Repeated)), "{refused:?}");
        }
    }
    assert_eq!(store.summary(&village("v")).unwrap().unwrap(), before);
}

fn bundle(n: u8) -> Incoming {
    Incoming {
        bundle_id: [n; 32],
        offered: vec![snapshot(&village("v"), 10 + i64::from(n))],
        sender: Fingerprint([7; 32]),
        sender_name: DeviceName::new("Asha"),
    }
}

#[test]
fn keeps_staged_chunks_after_reopen_and_new_offer() {
    let Fresh { store, dir } = fresh();
    let [x, y] = [vec![1; 10], vec![2; 20]].map(|bytes| (chunk_hash(&bytes), bytes));
    store.begin_incoming(&bundle(1)).unwrap();
    assert_eq!(store.resume_incoming(&[1; 32], &[x.0, y.0]).unwrap(), HashSet::new());
    store.stage_chunks(&[1; 32], &[x.clone(), y.clone()]).unwrap();
    store.stage_chunks(&[1; 32], std::slice::from_ref(&x)).unwrap(); // storing a chunk twice has no effect
    drop(store);

    let store = Store::open(dir.path()).unwrap().store;
    let known = store.incoming().unwrap();
    assert_eq!((known[0].incoming.clone(), known[0].chunks, known[0].bytes), (bundle(1), 2, 30));
    assert_eq!(store.staged(&[1; 32]).unwrap(), HashSet::from([x.0, y.0]));
    assert_eq!(store.staged_chunk(&x.0).unwrap(), Some(x.1));

    // The same dataset in a new offer or from another device: the shared chunks are already here.
    store.begin_incoming(&bundle(2)).unwrap();
    assert_eq!(store.resume_incoming(&[2; 32], &[y.0, [3; 32]]).unwrap(), HashSet::from([y.0]));
    store.discard_incoming(&[1; 32]).unwrap();
    assert_eq!((store.staged_chunk(&x.0).unwrap(), store.staged_chunk(&y.0).unwrap()), (None, Some(y.1)));
    let refused = store.stage_chunks(&[1; 32], &[([9; 32], vec![9])]);
    assert!(matches!(refused, Err(Error::NoSuchBundle)), "{refused:?}");
    assert_eq!(store.staged_chunk(&[9; 32]).unwrap(), None, "a discarded bundle takes no more chunks");
    assert_eq!(store.incoming().unwrap().len(), 1);
}

#[test]
fn drops_staged_chunks_of_superseded_bundles() {
    let Fresh { store, dir: _dir } = fresh();
    let chunk = |n: u8| (chunk_hash(&[n]), vec![n]);
    for n in 1..=3 {
        store.begin_incoming(&bundle(n)).unwrap();
        store.stage_chunks(&[n; 32], &[chunk(n)]).unwrap();
    }
    let known = || store.incoming().unwrap().iter().map(|status| status.incoming.bundle_id[0]).collect::<Vec<_>>();
    assert_eq!(known(), [1, 2, 3], "no bundle is on this device yet");
    apply_as(&store, &snapshot(&village("v"), 12), &[household("a", 1, 1)]); // the content of bundle 2
    store.finish_incoming(&[2; 32]).unwrap();
    store.trim_incoming(&[2; 32]).unwrap();
    assert_eq!(known(), [3], "only later bundles stay");
    assert_eq!(store.staged_chunk(&chunk(1).0).unwrap(), None);
    assert_eq!(store.consent(&[2; 32]).unwrap(), Consent::Spent);
    (4..=8).chain([4, 9]).for_each(|n| store.begin_incoming(&bundle(n)).unwrap());
    store.trim_incoming(&[9; 32]).unwrap();
    assert_eq!(known(), [6, 7, 8, 4, 9], "the bundles that were started or resumed last stay");
    store.withdraw_incoming(&Fingerprint([7; 32])).unwrap();
    assert_eq!(known(), [0; 0]);
    let refused = store.resume_incoming(&[9; 32], &[]);
    assert!(matches!(refused, Err(Error::NoSuchBundle)), "{refused:?}");
}

#[test]
fn keeps_bundle_with_more_records_than_later_version() {
    let Fresh { store, dir: _dir } = fresh();
    let full = Incoming { offered: vec![SnapshotSummary { records: 2, ..snapshot(&village("v"), 11) }], ..bundle(1) };
    store.begin_incoming(&full).unwrap();
    apply_as(&store, &snapshot(&village("v"), 20), &[household("a", 1, 1)]);
    store.trim_incoming(&[2; 32]).unwrap();
    assert_eq!(store.incoming().unwrap().len(), 1, "the later version here has fewer records");
    apply_as(&store, &snapshot(&village("v"), 21), &[household("a", 1, 1), household("b", 1, 1)]);
    store.trim_incoming(&[2; 32]).unwrap();
    assert_eq!(store.incoming().unwrap(), []);
}

#[test]
fn reads_bundles_with_damaged_names() {
    let Fresh { store, dir: _dir } = fresh();
    store.begin_incoming(&bundle(1)).unwrap();
    let damage = "UPDATE incoming SET sender_name = CAST(x'41ff' AS TEXT)";
    store.with_writer(|conn| assert_eq!(conn.execute(damage, ()).unwrap(), 1));
    assert_eq!(store.incoming().unwrap()[0].incoming.sender_name.as_str(), "A\u{fffd}");
    store.begin_incoming(&bundle(2)).unwrap();
    store.trim_incoming(&[2; 32]).unwrap();
}

#[test]
fn keeps_server_names_and_replaces_untrusted_names() {
    let Fresh { store, dir: _dir } = fresh();
    let named = |as_of, name: &str| SnapshotSummary { boundary_name: name.into(), ..snapshot(&village("v"), as_of) };
    let receive = |as_of, name: &str, is_trusted| {
        let (snapshot, records) = (named(as_of, name), [household("a", 1, 1)]);
        let provenance = provenance_of(&records);
        let arriving = Arriving { is_trusted, ..arriving(&snapshot, &provenance, Some(&[])) };
        let mut batches = Some(batch(&records)).into_iter();
        store.apply::<std::convert::Infallible>(&arriving, &mut || Ok(batches.next())).unwrap();
        store.summary(&village("v")).unwrap().unwrap().boundary_name
    };
    assert_eq!(receive(10, "Elsewhere", false), "Elsewhere", "no name is known");
    assert_eq!(receive(11, "Nowhere", false), "Elsewhere", "an untrusted name does not replace another one");
    assert_eq!(receive(12, "Muite", true), "Muite");
    assert_eq!(receive(13, "", true), "Muite");
    let target = crate::SyncTarget {
        server: "https://hcm".into(),
        dataset: village("v"),
        project_name: "Nets 2026".into(),
        boundary_name: "Muíte".into(),
    };
    store.begin_sync(&target, crate::SyncStart::Fresh).unwrap();
    assert_eq!(receive(14, "Muite", true), "Muíte");
    let elsewhere = SnapshotSummary { project_name: "Malaria".into(), ..snapshot(&village("w"), 10) };
    let names = store.read(|reader| reader.names(&elsewhere, true)).unwrap();
    assert_eq!(names.0, "Nets 2026", "the project name is known from another village");
}

#[test]
fn keeps_cached_chunk_current_while_digest_matches() {
    let Fresh { store, dir: _dir } = fresh();
    let range = KeyRange::ALL;
    let old = apply(&store, &village("v"), &[household("a", 1, 1)]).summary.digest;
    store.cache_chunk(&village("v"), range, &old, &chunk_hash(b"old"), b"old").unwrap();
    let new = apply(&store, &village("v"), &[household("a", 2, 2)]).summary.digest;
    let cached = || store.read(|r| r.cached_chunks(&village("v"), 0)).unwrap();
    let current = || cached().iter().find(|entry| entry.digest == new).map(|entry| (entry.hash, entry.len));
    assert_eq!(current(), None);
    store.cache_chunk(&village("v"), range, &new, &chunk_hash(b"new"), b"new").unwrap();
    assert_eq!(current(), Some((chunk_hash(b"new"), 3)));
    assert_eq!(
        store.chunk_bytes(&chunk_hash(b"old")).unwrap().as_deref(),
        Some(&b"old"[..]),
        "running exchanges still need it"
    );
    assert_eq!(cached().len(), 2);

    assert_eq!(store.trim_chunks(100).unwrap(), 3);
    assert_eq!(store.chunk_bytes(&chunk_hash(b"old")).unwrap(), None);
    assert_eq!(current(), Some((chunk_hash(b"new"), 3)));
    assert_eq!(store.trim_chunks(0).unwrap(), 3);
    assert_eq!(cached(), []);
    store.cache_chunk(&village("nowhere"), range, &Digest::EMPTY, &[3; 32], b"x").unwrap();
    assert_eq!(store.chunk_bytes(&[3; 32]).unwrap(), None);
}

#[test]
fn counts_only_consent_of_the_user() {
    let Fresh { store, dir: _dir } = fresh();
    let consent = || store.consent(&[1; 32]).unwrap();
    store.begin_incoming(&bundle(1)).unwrap();
    assert_eq!(consent(), Consent::None);
    store.give_consent(&[1; 32]).unwrap();
    store.begin_incoming(&bundle(1)).unwrap();
    assert_eq!(consent(), Consent::Given, "resuming does not change the consent");
    store.finish_incoming(&[1; 32]).unwrap();
    store.begin_incoming(&bundle(1)).unwrap();
    assert_eq!(consent(), Consent::Spent, "starting again does not change the consent");
    store.withdraw_consent(&[1; 32]).unwrap();
    assert_eq!(consent(), Consent::None);
}
