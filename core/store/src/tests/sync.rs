//! Downloads: pages with their cursor, resuming, and records that are gone.

use fieldcast_model::{EntityType, KeyRange, Record, RecordId, ServerTime};

use super::{Fresh, apply, apply_as, fresh, household, project, record, snapshot, village, wrong_ranges};
use crate::{
    Completeness, Error, Merged, PageCommit, RecordQuery, RunId, ServerClock, Store, SyncCursor, SyncStart, SyncTarget,
};

fn target() -> SyncTarget {
    SyncTarget {
        server: "https://s".into(),
        dataset: village("v"),
        project_name: "Nets".into(),
        boundary_name: "Cavina".into(),
    }
}

pub(super) fn begin(store: &Store, start: SyncStart) -> SyncCursor {
    store.begin_sync(&target(), start).unwrap()
}

pub(super) fn page(run: RunId, as_of: i64, families: &[Record]) -> PageCommit {
    PageCommit {
        run,
        as_of: Some(ServerTime(as_of)),
        position: "next".into(),
        done: 1,
        total: 2,
        bytes: 100,
        clock: Some(ServerClock { server: ServerTime(as_of), device: as_of }),
        families: families.to_vec(),
        project_wide: Vec::new(),
    }
}

pub(super) fn verified(households: u64) -> Completeness {
    Completeness::Verified { households, answered: ["Household", "Task"].map(EntityType::new).to_vec() }
}

/// A complete download in one page.
pub(super) fn download(store: &Store, as_of: i64, families: &[Record], completeness: &Completeness) -> u64 {
    let run = begin(store, SyncStart::Fresh).run;
    store.commit_page(&page(run, as_of, families)).unwrap();
    store.finish_sync(run, completeness, &Completeness::Partial).unwrap().gone
}

fn as_of(store: &Store) -> ServerTime {
    store.summary(&village("v")).unwrap().unwrap().as_of
}

pub(super) fn one(store: &Store, id: &str) -> Record {
    let query = RecordQuery { id: Some(RecordId::parse(id)), include_deleted: true, ..RecordQuery::default() };
    store.records(&query).unwrap().remove(0)
}

#[test]
fn resumes_run_with_time_of_first_page() {
    let Fresh { store, dir } = fresh();
    let new = begin(&store, SyncStart::Resume);
    assert_eq!((new.as_of, new.position.as_deref(), new.bytes), (None, None, 0));
    store.commit_page(&page(new.run, 50, &[household("a", 1, 1)])).unwrap();
    store
        .commit_page(&PageCommit { position: "third".into(), done: 2, ..page(new.run, 60, &[household("b", 1, 1)]) })
        .unwrap();
    drop(store);

    let store = Store::open(dir.path()).unwrap().store;
    let status = store.datasets().unwrap().remove(0);
    let at = begin(&store, SyncStart::Resume);
    assert_eq!((status.summary.as_of, status.summary.records), (ServerTime(0), 2));
    assert_eq!(status.syncing.as_ref(), Some(&at));
    assert_eq!((at.run, at.as_of, at.position.as_deref()), (new.run, Some(ServerTime(50)), Some("third")));
    assert_eq!((at.done, at.total, at.bytes), (2, 2, 200));

    let end = store.finish_sync(at.run, &verified(2), &Completeness::Partial).unwrap();
    assert_eq!((end.summary.as_of, end.summary.households, end.gone), (ServerTime(50), 2, 0));
    assert_eq!((end.summary.project_name.as_str(), end.summary.boundary_name.as_str()), ("Nets", "Cavina"));
    assert_eq!(store.datasets().unwrap().remove(0).syncing, None);
    assert_ne!(begin(&store, SyncStart::Resume).run, new.run, "a finished run is not resumed");
}

#[test]
fn commits_page_and_cursor_atomically() {
    let Fresh { store, dir: _dir } = fresh();
    let at = begin(&store, SyncStart::Fresh);
    store.with_writer(|conn| {
        // Fails at the last step of a page: when the cursor is written.
        let fail = "CREATE TRIGGER fail BEFORE UPDATE ON sync_run BEGIN SELECT raise(ABORT, 'killed'); END";
        conn.execute_batch(fail).unwrap();
    });
    store.commit_page(&page(at.run, 50, &[household("a", 1, 1)])).unwrap_err();
    store.with_writer(|conn| conn.execute_batch("DROP TRIGGER fail").unwrap());
    assert_eq!(begin(&store, SyncStart::Resume), at);
    assert_eq!(store.summary(&village("v")).unwrap().unwrap().records, 0);
}

#[test]
fn rejects_replaced_or_finished_run() {
    let Fresh { store, dir: _dir } = fresh();
    let old = begin(&store, SyncStart::Fresh).run;
    store.commit_page(&page(old, 50, &[])).unwrap();
    let new = begin(&store, SyncStart::Fresh).run;
    assert_ne!(old, new);
    assert!(matches!(store.commit_page(&page(old, 50, &[])), Err(Error::NoSuchRun)));
    let unstarted = store.finish_sync(new, &Completeness::Complete, &Completeness::Partial);
    assert!(matches!(unstarted, Err(Error::NoSuchRun)), "a run without a page has no time");
    store.commit_page(&page(new, 50, &[])).unwrap();
    store.finish_sync(new, &Completeness::Complete, &Completeness::Partial).unwrap();
    assert!(matches!(store.commit_page(&page(new, 50, &[])), Err(Error::NoSuchRun)));
}

#[test]
fn stores_records_without_boundary_project_wide() {
    let Fresh { store, dir: _dir } = fresh();
    let run = begin(&store, SyncStart::Fresh).run;
    let referral = record("HFReferral", "r", "r", 1, 1);
    let both = PageCommit { project_wide: vec![referral], ..page(run, 50, &[household("a", 1, 1)]) };
    assert_eq!(store.commit_page(&both).unwrap(), Merged { inserted: 2, ..Merged::default() });
    assert_eq!(store.commit_page(&both).unwrap(), Merged { unchanged: 2, ..Merged::default() });
    store.finish_sync(run, &Completeness::Complete, &Completeness::Complete).unwrap();
    let wide = store.summary(&project()).unwrap().unwrap();
    assert_eq!((wide.records, wide.as_of, wide.project_name.as_str()), (1, ServerTime(50), "Nets"));
    assert_eq!(store.summary(&village("v")).unwrap().unwrap().records, 1);
}

#[test]
fn marks_missing_records_gone_on_every_device() {
    let (Fresh { store, dir: _dir }, other) = (fresh(), fresh());
    let (a, b, task) = (household("a", 1, 10), household("b", 1, 20), record("Task", "t", "a", 1, 10));
    let kept = record("Service", "s", "a", 0, 10); // of a type that the server did not answer for
    apply(&other.store, &village("v"), &[a.clone(), b.clone(), task.clone()]);
    apply(&store, &village("v"), &[a.clone(), b.clone(), task, kept.clone()]);

    assert_eq!(download(&store, 100, std::slice::from_ref(&a), &verified(1)), 2);
    let gone = one(&store, "b");
    assert_eq!((gone.deleted, gone.modified, &gone.body), (true, ServerTime(100), &b.body));
    assert!(one(&store, "t").deleted);
    assert_eq!((one(&store, "a"), one(&store, "s")), (a.clone(), kept));
    assert_eq!(download(&store, 110, &[a], &verified(1)), 0, "a second download marks nothing again");
    assert_eq!(wrong_ranges(&store).unwrap(), 0);

    let travelling = RecordQuery { include_deleted: true, ..RecordQuery::default() };
    let as_of_110 = snapshot(&village("v"), 110);
    let theirs = apply_as(&other.store, &as_of_110, &store.records(&travelling).unwrap());
    assert_eq!(theirs.summary.digest, store.summary(&village("v")).unwrap().unwrap().digest);
    assert_eq!(apply(&other.store, &village("v"), &[b]).merged.kept_newer, 1, "an old copy does not bring it back");
}

#[test]
fn deletes_nothing_if_households_are_missing() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("b", 1, 20)]);
    assert_eq!(download(&store, 100, &[household("a", 1, 1)], &verified(2)), 0);
    assert_eq!(download(&store, 110, &[household("a", 1, 1)], &Completeness::Complete), 0);
    assert_eq!(download(&store, 120, &[household("a", 1, 1)], &Completeness::Partial), 0);
    assert_eq!(as_of(&store), ServerTime(10), "records that the runs may have missed count as missing");
    assert!(!one(&store, "b").deleted);
}

#[test]
fn sets_time_of_unverified_download_only_once() {
    for unsure in [Completeness::Complete, verified(2)] {
        let Fresh { store, dir: _dir } = fresh();
        download(&store, 100, &[household("a", 1, 1)], &unsure);
        assert_eq!(as_of(&store), ServerTime(100));
        download(&store, 200, &[household("a", 1, 1)], &unsure);
        assert_eq!(as_of(&store), ServerTime(100));
        download(&store, 50, &[household("a", 1, 1)], &verified(1));
        assert_eq!(as_of(&store), ServerTime(50), "a verified complete download sets an earlier time, too");
    }
}

#[test]
fn takes_time_from_last_page_of_run() {
    let Fresh { store, dir: _dir } = fresh();
    let run = begin(&store, SyncStart::Fresh).run;
    let undated = |run, id| PageCommit { as_of: None, ..page(run, 0, &[household(id, 1, 1)]) };
    store.commit_page(&undated(run, "a")).unwrap();
    let at = begin(&store, SyncStart::Resume);
    assert_eq!((at.as_of, at.position.as_deref()), (None, Some("next")));
    store.commit_page(&page(run, 70, &[household("b", 1, 1)])).unwrap();
    store.finish_sync(run, &verified(2), &Completeness::Partial).unwrap();
    assert_eq!(as_of(&store), ServerTime(70));

    let run = begin(&store, SyncStart::Fresh).run;
    store.commit_page(&undated(run, "a")).unwrap();
    let end = store.finish_sync(run, &verified(1), &Completeness::Partial).unwrap();
    assert_eq!(
        (end.summary.as_of, end.gone),
        (ServerTime(70), 0),
        "without a time, as_of stays and nothing is marked as gone"
    );
}

#[test]
fn restores_record_listed_again_by_server() {
    let (Fresh { store, dir: _dir }, other) = (fresh(), fresh());
    let (a, b) = (household("a", 1, 10), household("b", 1, 20));
    download(&store, 90, &[a.clone(), b.clone()], &verified(2));
    assert_eq!(download(&store, 100, std::slice::from_ref(&a), &verified(1)), 1);
    let tombstone = one(&store, "b");
    apply(&other.store, &village("v"), &[a.clone(), tombstone]);

    assert_eq!(download(&store, 200, &[a.clone(), b.clone()], &verified(2)), 0);
    let back = one(&store, "b");
    assert_eq!(back, b, "equal to the server's version, so all devices are equal");
    let as_of_200 = snapshot(&village("v"), 200);
    assert_eq!(apply_as(&other.store, &as_of_200, std::slice::from_ref(&back)).merged.updated, 1);

    // The other device had received the deletion from a device only, and now learns it from the server, too.
    let third = fresh();
    apply(&third.store, &village("v"), &[a.clone(), Record { deleted: true, modified: ServerTime(100), ..b.clone() }]);
    download(&third.store, 150, &[a, b.clone()], &verified(2));
    assert_eq!(one(&third.store, "b"), b);
}

#[test]
fn keeps_server_deletions() {
    let Fresh { store, dir: _dir } = fresh();
    let old = household("a", 1, 10);
    let deleted = Record { deleted: true, ..household("a", 2, 20) };
    download(&store, 90, std::slice::from_ref(&deleted), &Completeness::Complete);
    download(&store, 100, &[old], &Completeness::Complete); // an older page from a cache
    assert_eq!(one(&store, "a"), deleted);
}

#[test]
fn counts_pages_in_any_order_as_seen() {
    let Fresh { store, dir: _dir } = fresh();
    let all: Vec<_> = (0..300).map(|n| household(&format!("h{n}"), 1, 1)).collect();
    apply(&store, &village("v"), &all);
    let run = begin(&store, SyncStart::Fresh).run;
    // The pages overlap, in descending order, each with a new record between known ones. No page has h7.
    for (n, first) in [200, 90, 0, 100].into_iter().enumerate() {
        let mut families: Vec<_> = all[first..first + 100].iter().filter(|r| r.id != all[7].id).cloned().collect();
        families.insert(50, household(&format!("new{n}"), 1, 1));
        store.commit_page(&page(run, 50, &families)).unwrap();
    }
    let end = store.finish_sync(run, &verified(303), &Completeness::Partial).unwrap();
    assert_eq!((end.gone, end.summary.records, end.summary.households), (1, 304, 303));
    assert!(one(&store, "h7").deleted);
}

#[test]
fn dates_late_records_by_their_arrival() {
    let Fresh { store, dir: _dir } = fresh();
    let all = KeyRange::ALL;
    let changed = |since| -> Vec<String> {
        let records = store.read(|r| r.modified_since(&village("v"), all, ServerTime(since))).unwrap();
        records.iter().map(|record| record.id.to_string()).collect()
    };
    download(&store, 100, &[household("a", 1, 50), household("undated", 1, 0)], &Completeness::Complete);
    assert_eq!(changed(100), [""; 0], "records of the first download have its time");
    download(
        &store,
        200,
        &[household("a", 1, 50), household("late", 1, 60), household("undated", 2, 0)],
        &Completeness::Complete,
    );
    let mut late = changed(100);
    late.sort();
    assert_eq!(late, ["late", "undated"]);
    assert_eq!(changed(200), [""; 0]);
}
