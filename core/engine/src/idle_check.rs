//! Checks stored data while the store is idle, to find damage before the data is needed.

use std::time::Duration;

use fieldcast_store::{Error as StoreError, Store, Verified};

use crate::task::on_store;
use crate::{Error, clock};

/// Setting: the next step of an unfinished check; 0 if no check is running.
const NEXT_STEP: &str = "check_next_step";
/// Setting: the end of the last check, in ms by this device's clock.
const CHECKED: &str = "checked";
/// The time between two complete checks.
const EVERY: Duration = Duration::from_secs(24 * 3600);
/// The number of steps after which the position is stored.
const STORE_AFTER: u64 = 20;
/// The pause after an error, for example a full disk.
const RETRY: Duration = Duration::from_secs(3600);
/// The pause after a step is this many times longer than the step.
const PAUSE_PER_STEP: u32 = 10;

/// How long the store must be idle before a step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IdleTimes {
    /// Before the first step.
    pub(crate) first: Duration,
    /// Before each later step, at least.
    pub(crate) next: Duration,
}

impl IdleTimes {
    pub(crate) const USUAL: Self = Self { first: Duration::from_secs(5), next: Duration::from_millis(250) };
}

/// Checks all stored data once a day. It starts at once if the last process was killed or the last check did not
/// finish.
pub(crate) async fn run(store: Store, mut was_killed: bool, times: IdleTimes) -> Result<(), Error> {
    let mut step = number(&store, NEXT_STEP).await?.unsigned_abs();
    loop {
        if step == 0 && !std::mem::take(&mut was_killed) {
            let since = clock::now().saturating_sub(number(&store, CHECKED).await?);
            let since = Duration::from_millis(since.try_into().unwrap_or(u64::MAX)); // clock was set back: check now
            tokio::time::sleep(EVERY.saturating_sub(since)).await;
        }
        match check_all(&store, &mut step, times).await {
            Ok(found) => {
                tracing::info!(found.records, found.repaired, found.dropped, "all stored data was checked");
                store_setting(&store, CHECKED, clock::now()).await?;
            }
            // A damaged database file is recovered at the next start.
            Err(error @ Error::Store(StoreError::Corrupt)) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the check of stored data was interrupted");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Runs the check from step `next` to the last step; afterwards `next` is 0.
async fn check_all(store: &Store, next: &mut u64, times: IdleTimes) -> Result<Verified, Error> {
    wait_until_idle(store, times.first).await;
    let steps = on_store(store, Store::check_steps).await?;
    let (mut found, mut pause) = (Verified::default(), times.next);
    for (number, step) in (0..).zip(steps).skip(*next as usize) {
        wait_until_idle(store, pause).await;
        let begun = std::time::Instant::now();
        found += on_store(store, move |store| store.check(&step)).await?;
        pause = times.next.max(begun.elapsed() * PAUSE_PER_STEP);
        *next = number + 1;
        if next.is_multiple_of(STORE_AFTER) {
            store_setting(store, NEXT_STEP, *next as i64).await?;
        }
    }
    *next = 0;
    store_setting(store, NEXT_STEP, 0).await?;
    Ok(found)
}

/// Waits until the store was idle for this time.
async fn wait_until_idle(store: &Store, pause: Duration) {
    loop {
        let before = store.uses();
        tokio::time::sleep(pause).await;
        if store.uses() == before {
            return;
        }
    }
}

async fn number(store: &Store, setting: &'static str) -> Result<i64, Error> {
    let value = on_store(store, move |store| store.setting(setting)).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

async fn store_setting(store: &Store, setting: &'static str, value: i64) -> Result<(), Error> {
    on_store(store, move |store| store.set_setting(setting, &value.to_string())).await
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, EntityType, Json, Record, RecordId, ServerTime};
    use fieldcast_store::{Completeness, PageCommit, SyncStart, SyncTarget};
    use tempfile::TempDir;

    use super::*;

    const SOON: IdleTimes = IdleTimes { first: Duration::from_millis(1), next: Duration::from_millis(1) };

    fn village() -> Dataset {
        Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some("b".into()) }
    }

    /// A store with a downloaded village of one record, in which one bit has flipped.
    fn damaged(dir: &TempDir) -> Store {
        let store = Store::open(dir.path()).unwrap().store;
        let target = SyncTarget {
            server: "s".into(),
            dataset: village(),
            project_name: String::new(),
            boundary_name: String::new(),
        };
        let run = store.begin_sync(&target, SyncStart::Fresh).unwrap().run;
        let record = Record {
            entity: EntityType::new("Task"),
            id: RecordId::parse("task"),
            root: RecordId::parse("household"),
            row_version: 1,
            modified: ServerTime(1),
            deleted: false,
            body: Json::from_canonical(r#"{"which":"needle"}"#),
        };
        let page = PageCommit {
            run,
            as_of: Some(ServerTime(1000)),
            position: String::new(),
            done: 0,
            total: 0,
            bytes: 0,
            clock: None,
            families: vec![record],
            project_wide: Vec::new(),
        };
        store.commit_page(&page).unwrap();
        let all = Completeness::Verified { households: 0, answered: vec![EntityType::new("Task")] };
        store.finish_sync(run, &all, &Completeness::Partial).unwrap();
        drop(store);
        let path = dir.path().join("fieldcast.db");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(6).position(|window| window == b"needle").unwrap();
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        Store::open(dir.path()).unwrap().store
    }

    fn is_complete(store: &Store) -> bool {
        store.summary(&village()).unwrap().unwrap().as_of > ServerTime(0)
    }

    /// Polls with growing pauses, because each poll is also a use of the store.
    async fn until(is_so: impl Fn() -> bool) {
        let mut pause = Duration::from_millis(20);
        while !is_so() {
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }

    #[tokio::test]
    async fn finds_damage_while_store_is_idle() {
        let dir = TempDir::new().unwrap();
        let store = damaged(&dir);
        assert!(is_complete(&store), "the damage is not found yet");
        tokio::select! {
            ended = run(store.clone(), false, SOON) => panic!("{ended:?}"),
            () = until(|| !is_complete(&store) && store.setting(CHECKED).unwrap().is_some()) => {}
        }
        assert_eq!(store.setting(NEXT_STEP).unwrap().as_deref(), Some("0"));
    }

    #[tokio::test]
    async fn repeats_check_after_a_day_or_a_kill() {
        let dir = TempDir::new().unwrap();
        let store = damaged(&dir);
        store.set_setting(CHECKED, &clock::now().to_string()).unwrap();
        let waits = tokio::time::timeout(Duration::from_millis(300), run(store.clone(), false, SOON)).await;
        assert!(waits.is_err() && is_complete(&store), "it was checked just now");
        tokio::select! {
            ended = run(store.clone(), true, SOON) => panic!("{ended:?}"),
            () = until(|| !is_complete(&store)) => {}
        }
    }
}
