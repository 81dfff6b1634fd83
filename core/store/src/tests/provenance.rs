//! The server has priority over data from devices, and every record has a source.

use fieldcast_model::{DeviceName, Fingerprint, Provenance, Record, ServerTime, SnapshotSource};
use proptest::prelude::*;

use super::sync::{begin, download, one, page, verified};
use super::{
    Fresh, apply, apply_as, arriving, batch, fresh, household, provenance_of, snapshot, village, wrong_ranges,
};
use crate::{
    ApplyError, Arriving, BundleSource, Completeness, MAX_AHEAD_MS, RecordSource, ServerClock, Store, SyncStart,
    Verdict,
};

fn sources(store: &Store) -> Vec<(Option<String>, u64, i64)> {
    let sources = store.read(|reader| reader.sources(&village("v"))).unwrap();
    let shown = |RecordSource { bundle, records, as_of }: RecordSource| {
        (bundle.map(|bundle| bundle.signer_name.to_string()), records, as_of.0)
    };
    sources.into_iter().map(shown).collect()
}

/// The versions of a household that an attacker could forge.
fn forgeries(honest: &Record) -> [Record; 3] {
    let absurd = Record { row_version: Record::MAX_ROW_VERSION, modified: ServerTime(500), ..honest.clone() };
    let next = Record { row_version: honest.row_version + 1, ..household(&honest.id.to_string(), 7, 7) };
    [absurd, next, Record { deleted: true, row_version: honest.row_version + 1, ..honest.clone() }]
}

#[test]
fn replaces_forged_records_by_verified_download() {
    let honest = [household("a", 3, 10), household("b", 1, 10)];
    for forged in forgeries(&honest[0]) {
        let Fresh { store, dir: _dir } = fresh();
        apply_as(&store, &snapshot(&village("v"), 400), &[forged, honest[1].clone(), household("made-up", 9, 450)]);
        let run = begin(&store, SyncStart::Fresh).run;
        store.commit_page(&page(run, 300, &honest)).unwrap();
        let end = store.finish_sync(run, &verified(2), &Completeness::Partial).unwrap();
        assert_eq!((end.restored, end.gone, end.summary.households), (1, 1, 2));
        assert_eq!((one(&store, "a"), one(&store, "b")), (honest[0].clone(), honest[1].clone()));
        assert!(one(&store, "made-up").deleted, "it came from a device, and the full download did not contain it");
        assert_eq!(sources(&store), [(None, 3, 300)]);
        assert_eq!(wrong_ranges(&store).unwrap(), 0);
    }
}

#[test]
fn keeps_greater_stamp_in_unverified_download() {
    for distribution_stats in [Completeness::Partial, Completeness::Complete, verified(2)] {
        let Fresh { store, dir: _dir } = fresh();
        let newer = household("a", 4, 20);
        apply_as(&store, &snapshot(&village("v"), 30), std::slice::from_ref(&newer));
        download(&store, 300, &[household("a", 3, 10)], &distribution_stats);
        assert_eq!(one(&store, "a"), newer, "the page may be an old cached page");
        assert_eq!(sources(&store), [(Some("office".into()), 1, 30)]);
    }
}

#[test]
fn keeps_own_download_if_server_is_behind() {
    let Fresh { store, dir: _dir } = fresh();
    let (newer, older) = (household("a", 4, 200), household("a", 3, 10));
    download(&store, 300, &[newer.clone(), household("b", 1, 200)], &verified(2));
    download(&store, 150, std::slice::from_ref(&older), &verified(1));
    assert_eq!(one(&store, "a"), newer, "the server's clock is earlier than before");
    assert!(!one(&store, "b").deleted);
    download(&store, 250, std::slice::from_ref(&older), &verified(1));
    assert_eq!(one(&store, "a"), older, "the server was reset, and its clock is later than the lost changes");
    assert!(one(&store, "b").deleted);
}

#[test]
fn keeps_bundle_records_received_during_download() {
    let Fresh { store, dir: _dir } = fresh();
    let run = begin(&store, SyncStart::Fresh).run;
    store.commit_page(&page(run, 100, &[household("a", 1, 10)])).unwrap();
    let newer = [household("a", 2, 110), household("new", 1, 110)];
    apply_as(&store, &snapshot(&village("v"), 120), &newer);
    store.commit_page(&page(run, 130, &[household("b", 1, 10)])).unwrap();
    store.finish_sync(run, &verified(2), &Completeness::Partial).unwrap();
    assert_eq!([one(&store, "a"), one(&store, "new")], newer);
    assert_eq!(sources(&store), [(None, 1, 100), (Some("office".into()), 2, 120)]);
}

#[test]
fn replaces_forged_records_by_later_snapshot() {
    let honest = household("a", 3, 10);
    for forged in forgeries(&honest) {
        let Fresh { store, dir: _dir } = fresh();
        let forged = Record { modified: forged.modified.min(ServerTime(60)), ..forged };
        apply_as(&store, &snapshot(&village("v"), 50), std::slice::from_ref(&forged));
        assert_eq!(apply_as(&store, &snapshot(&village("v"), 40), std::slice::from_ref(&honest)).merged.kept_newer, 1);
        let repaired = apply_as(&store, &snapshot(&village("v"), 70), std::slice::from_ref(&honest));
        assert_eq!((repaired.merged.updated, one(&store, "a")), (1, honest.clone()));
        assert_eq!(
            apply_as(&store, &snapshot(&village("v"), 50), &[forged]).merged.kept_newer,
            1,
            "the forged version does not return"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// The final state depends only on the versions, forged or not, and not on their order. Each version comes in one
    /// snapshot: the store notes that a later snapshot contains it, too, only if nothing else in the dataset differs.
    #[test]
    fn merges_snapshots_equally_in_any_order(
        snapshots in prop::collection::vec((0..5i64, 0..3i64, 0..6i64), 1..6)
            .prop_map(|mut all| {
                let mut seen = std::collections::BTreeSet::new();
                all.retain(|(_, row_version, modified)| seen.insert((*row_version, *modified)));
                all
            })
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let end = |snapshots: &[(i64, i64, i64)]| {
            let Fresh { store, dir: _dir } = fresh();
            for (as_of, row_version, modified) in snapshots {
                apply_as(&store, &snapshot(&village("v"), *as_of), &[household("a", *row_version, *modified)]);
            }
            one(&store, "a")
        };
        prop_assert_eq!(end(&snapshots.0), end(&snapshots.1));
    }
}

/// Applies one record on a device whose time is `now`.
fn take(store: &Store, as_of: i64, now: i64, record: Record) -> Result<Verdict, ApplyError<()>> {
    let (snapshot, provenance) = (snapshot(&village("v"), as_of), provenance_of(std::slice::from_ref(&record)));
    let mut batch = Some(batch(&[record]));
    let arriving = Arriving { now: ServerTime(now), ..arriving(&snapshot, &provenance, Some(&[])) };
    store.apply(&arriving, &mut || Ok(batch.take()))
}

#[test]
fn rejects_records_no_server_can_create() {
    let Fresh { store, dir: _dir } = fresh();
    let now = 1_000_000_000;
    let latest = household("a", Record::MAX_ROW_VERSION, now + MAX_AHEAD_MS);
    assert!(matches!(take(&store, 5, now, latest), Ok(Verdict::Applied(_))));
    let before = store.summary(&village("v")).unwrap();
    for dated in [now + MAX_AHEAD_MS + 1, i64::MAX] {
        let refused = take(&store, 5, now, household("b", 1, dated));
        assert!(matches!(refused, Err(ApplyError::FromTheFuture { dated: ServerTime(actual), .. }) if actual == dated));
    }
    for row_version in [Record::MAX_ROW_VERSION + 1, i64::MAX, -1] {
        assert!(matches!(take(&store, 5, now, household("b", row_version, 1)), Err(ApplyError::RowVersion)));
    }
    assert_eq!(store.summary(&village("v")).unwrap(), before);
}

#[test]
fn limits_snapshot_time_to_now() {
    let Fresh { store, dir: _dir } = fresh();
    let now = 1_000_000_000;
    take(&store, now + MAX_AHEAD_MS, now, household("a", 9, 1)).unwrap();
    assert_eq!(store.summary(&village("v")).unwrap().unwrap().as_of, ServerTime(now));
    take(&store, now + 1, now + 2, household("a", 2, 1)).unwrap();
    assert_eq!(one(&store, "a").row_version, 2, "a correct device downloaded later");
}

#[test]
fn learns_server_time_from_own_downloads_only() {
    let Fresh { store, dir } = fresh();
    assert_eq!(store.server_now(77).unwrap(), ServerTime(77), "only this device's clock is known");
    apply_as(&store, &snapshot(&village("v"), 9_000_000), &[household("a", 1, 1)]);
    assert_eq!(store.server_now(77).unwrap(), ServerTime(77), "data from other devices does not set the server's time");
    let run = begin(&store, SyncStart::Fresh).run;
    let clock = Some(ServerClock { server: ServerTime(5_000_000), device: 1_000 });
    store.commit_page(&crate::PageCommit { clock, ..page(run, 5, &[]) }).unwrap();
    let about = |now: i64, expected: i64| (expected..expected + 60_000).contains(&now);
    assert!(about(store.server_now(1_000).unwrap().0, 5_000_000));
    assert!(about(store.server_now(301_000).unwrap().0, 5_300_000));
    assert!(
        about(store.server_now(-9_000).unwrap().0, 5_000_000),
        "setting the clock back does not reduce the elapsed time"
    );
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert_eq!(store.server_now(301_000).unwrap(), ServerTime(5_300_000));
}

#[test]
fn names_source_bundle_of_every_record() {
    let Fresh { store, dir: _dir } = fresh();
    download(&store, 100, &[household("a", 1, 1), household("b", 1, 1)], &verified(2));
    assert_eq!(sources(&store), [(None, 2, 100)]);
    let (summary, mut provenance) = (snapshot(&village("v"), 200), provenance_of(&[household("b", 2, 150)]));
    let merged = SnapshotSource {
        fingerprint: Fingerprint([8; 32]),
        name: DeviceName::new("Bela"),
        records: 1,
        as_of: ServerTime(150),
    };
    provenance.sources = vec![merged.clone()];
    let mut batch = Some(batch(&[household("b", 2, 150)]));
    store.apply::<()>(&arriving(&summary, &provenance, Some(&[])), &mut || Ok(batch.take())).unwrap();
    let sources = || store.read(|reader| reader.sources(&village("v"))).unwrap();
    let bundle = BundleSource {
        signer: provenance.key,
        signer_name: Provenance::clone(&provenance).name,
        merged: vec![merged],
        carrier: Fingerprint([5; 32]),
        carrier_name: DeviceName::new("Asha"),
    };
    let own = RecordSource { bundle: None, records: 1, as_of: ServerTime(100) };
    let theirs = RecordSource { bundle: Some(bundle), records: 1, as_of: ServerTime(150) };
    assert_eq!(sources(), [own, theirs], "a merged snapshot has the time of its oldest source");
    assert_eq!(store.datasets().unwrap()[0].sources, sources());
    download(&store, 300, &[household("a", 1, 1), household("b", 2, 150)], &verified(2));
    assert_eq!(
        sources(),
        [RecordSource { bundle: None, records: 2, as_of: ServerTime(300) }],
        "confirmed by the server"
    );
}

#[test]
fn keeps_own_download_after_earlier_snapshot() {
    let Fresh { store, dir: _dir } = fresh();
    let record = household("a", 1, 1);
    download(&store, 300, std::slice::from_ref(&record), &verified(1));
    let summary = store.summary(&village("v")).unwrap().unwrap();
    let earlier = fieldcast_model::SnapshotSummary { as_of: ServerTime(200), ..summary };
    apply_as(&store, &earlier, std::slice::from_ref(&record));
    assert_eq!(store.read(|reader| reader.provenance(&village("v"))).unwrap(), None);
    assert_eq!(sources(&store), [(None, 1, 300)]);
}

#[test]
fn becomes_own_data_after_confirming_download() {
    let Fresh { store, dir: _dir } = fresh();
    let record = household("a", 1, 1);
    let summary = apply(&store, &village("v"), std::slice::from_ref(&record)).summary;
    apply_as(&store, &summary, std::slice::from_ref(&record));
    let provenance = || store.read(|reader| reader.provenance(&village("v"))).unwrap();
    assert!(provenance().is_some());
    download(&store, 300, &[record], &verified(1));
    assert_eq!(provenance(), None);
}
