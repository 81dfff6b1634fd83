//! Downloads: pages with their cursor, resuming, and what is gone.

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

/// A whole download in one page.
pub(super) fn download(store: &Store, as_of: i64, families: &[Record], distribution_stats: &Completeness) -> u64 {
    let run = begin(store, SyncStart::Fresh).run;
    store.commit_page(&page(run, as_of, families)).unwrap();
    store.finish_sync(run, distribution_stats, &Completeness::Partial).unwrap().gone
}

fn as_of(store: &Store) -> ServerTime {
    store.summary(&village("v")).unwrap().unwrap().as_of
}

pub(super) fn one(store: &Store, id: &str) -> Record {
    let query = RecordQuery { id: Some(RecordId::parse(id)), include_deleted: true, ..RecordQuery::default() };
    store.records(&query).unwrap().remove(0)
}

#[test]
fn a_run_goes_on_where_it_stood_and_keeps_the_first_pages_time() {
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
fn a_page_and_its_cursor_come_together_or_not_at_all() {
    let Fresh { store, dir: _dir } = fresh();
    let at = begin(&store, SyncStart::Fresh);
    store.with_writer(|conn| {
        // Fails as late as a page can: when its cursor is written.
        let fail = "CREATE TRIGGER fail BEFORE UPDATE ON sync_run BEGIN SELECT raise(ABORT, 'killed'); END";
        conn.execute_batch(fail).unwrap();
    });
    store.commit_page(&page(at.run, 50, &[household("a", 1, 1)])).unwrap_err();
    store.with_writer(|conn| conn.execute_batch("DROP TRIGGER fail").unwrap());
    assert_eq!(begin(&store, SyncStart::Resume), at);
    assert_eq!(store.summary(&village("v")).unwrap().unwrap().records, 0);
}

#[test]
fn a_run_that_was_overtaken_or_ended_is_refused() {
    let Fresh { store, dir: _dir } = fresh();
    let old = begin(&store, SyncStart::Fresh).run;
    store.commit_page(&page(old, 50, &[])).unwrap();
    let new = begin(&store, SyncStart::Fresh).run;
    assert_ne!(old, new);
    assert!(matches!(store.commit_page(&page(old, 50, &[])), Err(Error::NoSuchRun)));
    let unstarted = store.finish_sync(new, &Completeness::Complete, &Completeness::Partial);
    assert!(matches!(unstarted, Err(Error::NoSuchRun)), "without a page there is no time to be complete at");
    store.commit_page(&page(new, 50, &[])).unwrap();
    store.finish_sync(new, &Completeness::Complete, &Completeness::Partial).unwrap();
    assert!(matches!(store.commit_page(&page(new, 50, &[])), Err(Error::NoSuchRun)));
}

#[test]
fn what_has_no_boundary_goes_to_the_project() {
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
fn what_a_verified_download_lacks_is_gone_and_the_tombstone_travels() {
    let (Fresh { store, dir: _dir }, other) = (fresh(), fresh());
    let (a, b, task) = (household("a", 1, 10), household("b", 1, 20), record("Task", "t", "a", 1, 10));
    let kept = record("Service", "s", "a", 0, 10); // of a type the server did not answer for
    apply(&other.store, &village("v"), &[a.clone(), b.clone(), task.clone()]);
    apply(&store, &village("v"), &[a.clone(), b.clone(), task, kept.clone()]);

    assert_eq!(download(&store, 100, std::slice::from_ref(&a), &verified(1)), 2);
    let gone = one(&store, "b");
    assert_eq!((gone.deleted, gone.modified, &gone.body), (true, ServerTime(100), &b.body));
    assert!(one(&store, "t").deleted);
    assert_eq!((one(&store, "a"), one(&store, "s")), (a.clone(), kept));
    assert_eq!(download(&store, 110, &[a], &verified(1)), 0, "once is enough");
    assert_eq!(wrong_ranges(&store).unwrap(), 0);

    let travelling = RecordQuery { include_deleted: true, ..RecordQuery::default() };
    let as_of_110 = snapshot(&village("v"), 110);
    let theirs = apply_as(&other.store, &as_of_110, &store.records(&travelling).unwrap());
    assert_eq!(theirs.summary.digest, store.summary(&village("v")).unwrap().unwrap().digest);
    assert_eq!(apply(&other.store, &village("v"), &[b]).merged.kept_newer, 1, "an old copy does not bring it back");
}

#[test]
fn fewer_households_than_the_server_counts_prove_nothing() {
    let Fresh { store, dir: _dir } = fresh();
    apply(&store, &village("v"), &[household("b", 1, 20)]);
    assert_eq!(download(&store, 100, &[household("a", 1, 1)], &verified(2)), 0);
    assert_eq!(download(&store, 110, &[household("a", 1, 1)], &Completeness::Complete), 0);
    assert_eq!(download(&store, 120, &[household("a", 1, 1)], &Completeness::Partial), 0);
    assert_eq!(as_of(&store), ServerTime(10), "what they may have missed counts as not here");
    assert!(!one(&store, "b").deleted);
}

#[test]
fn a_walk_that_may_have_missed_records_gives_a_time_only_where_there_was_none() {
    for unsure in [Completeness::Complete, verified(2)] {
        let Fresh { store, dir: _dir } = fresh();
        download(&store, 100, &[household("a", 1, 1)], &unsure);
        assert_eq!(as_of(&store), ServerTime(100));
        download(&store, 200, &[household("a", 1, 1)], &unsure);
        assert_eq!(as_of(&store), ServerTime(100));
        download(&store, 50, &[household("a", 1, 1)], &verified(1));
        assert_eq!(as_of(&store), ServerTime(50), "one that has all is believed, also when it is earlier");
    }
}

#[test]
fn a_time_that_only_the_last_page_tells_is_the_runs() {
    let Fresh { store, dir: _dir } = fresh();
    let run = begin(&store, SyncStart::Fresh).run;
    let untold = |run, id| PageCommit { as_of: None, ..page(run, 0, &[household(id, 1, 1)]) };
    store.commit_page(&untold(run, "a")).unwrap();
    let at = begin(&store, SyncStart::Resume);
    assert_eq!((at.as_of, at.position.as_deref()), (None, Some("next")));
    store.commit_page(&page(run, 70, &[household("b", 1, 1)])).unwrap();
    store.finish_sync(run, &verified(2), &Completeness::Partial).unwrap();
    assert_eq!(as_of(&store), ServerTime(70));

    let run = begin(&store, SyncStart::Fresh).run;
    store.commit_page(&untold(run, "a")).unwrap();
    let end = store.finish_sync(run, &verified(1), &Completeness::Partial).unwrap();
    assert_eq!((end.summary.as_of, end.gone), (ServerTime(70), 0), "without any time it stays and nothing is gone");
}

#[test]
fn what_the_server_lists_again_comes_back_and_wins_everywhere() {
    let (Fresh { store, dir: _dir }, other) = (fresh(), fresh());
    let (a, b) = (household("a", 1, 10), household("b", 1, 20));
    download(&store, 90, &[a.clone(), b.clone()], &verified(2));
    assert_eq!(download(&store, 100, std::slice::from_ref(&a), &verified(1)), 1);
    let tombstone = one(&store, "b");
    apply(&other.store, &village("v"), &[a.clone(), tombstone]);

    assert_eq!(download(&store, 200, &[a.clone(), b.clone()], &verified(2)), 0);
    let back = one(&store, "b");
    assert_eq!(back, b, "as the server has it, so that all devices have the same");
    let as_of_200 = snapshot(&village("v"), 200);
    assert_eq!(apply_as(&other.store, &as_of_200, std::slice::from_ref(&back)).merged.updated, 1);

    // The other device had the tombstone by air only, and learns the same from the server alone.
    let third = fresh();
    apply(&third.store, &village("v"), &[a.clone(), Record { deleted: true, modified: ServerTime(100), ..b.clone() }]);
    download(&third.store, 150, &[a, b.clone()], &verified(2));
    assert_eq!(one(&third.store, "b"), b);
}

#[test]
fn what_the_server_deleted_stays_deleted() {
    let Fresh { store, dir: _dir } = fresh();
    let old = household("a", 1, 10);
    let deleted = Record { deleted: true, ..household("a", 2, 20) };
    download(&store, 90, std::slice::from_ref(&deleted), &Completeness::Complete);
    download(&store, 100, &[old], &Completeness::Complete); // a cached, older page
    assert_eq!(one(&store, "a"), deleted);
}

#[test]
fn pages_in_any_order_count_as_seen() {
    let Fresh { store, dir: _dir } = fresh();
    let all: Vec<_> = (0..300).map(|n| household(&format!("h{n}"), 1, 1)).collect();
    apply(&store, &village("v"), &all);
    let run = begin(&store, SyncStart::Fresh).run;
    // Overlapping, backwards, each with a new record between known ones; h7 in none.
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
fn what_the_server_shows_late_counts_as_changed_when_it_came() {
    let Fresh { store, dir: _dir } = fresh();
    let all = KeyRange::ALL;
    let changed = |since| -> Vec<String> {
        let records = store.read(|r| r.modified_since(&village("v"), all, ServerTime(since))).unwrap();
        records.iter().map(|record| record.id.to_string()).collect()
    };
    download(&store, 100, &[household("a", 1, 50), household("undated", 1, 0)], &Completeness::Complete);
    assert_eq!(changed(100), [""; 0], "what came first is as old as the download");
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
