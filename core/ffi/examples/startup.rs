//! Measures the start of an app: from opening to the data of the first screen, with 100,000 records in the store.
//! `cargo xtask bench sdk` runs it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark: it prints results and panics on errors")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    EntityType, Event, EventListener, Fieldcast, ListenerError, OpenSettings, PlatformPorts, RecordQuery,
};
use fieldcast_sandbox::{Sandbox, SandboxConfig};

/// The limit for the start.
const MOST: Duration = Duration::from_millis(50);
const ROUNDS: usize = 21;
/// A family has about eight records.
const HOUSEHOLDS: u64 = 12_500;

struct Deaf;

impl EventListener for Deaf {
    fn on_event(&self, _: Event) -> Result<(), ListenerError> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let dir = tempfile::tempdir().unwrap();
    let open = || {
        let data_dir = dir.path().to_owned();
        Fieldcast::open(
            OpenSettings { data_dir, device_name: None, allow_http: false, new_identity: false, workers: 2 },
            PlatformPorts::default(),
            Arc::new(Deaf),
        )
    };
    let fieldcast = open().await.unwrap();
    let records = fill(&fieldcast).await;
    fieldcast.shut_down().await.unwrap();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let fieldcast = open().await.unwrap();
        first_screen(&fieldcast).await;
        times.push(begun.elapsed());
        fieldcast.shut_down().await.unwrap();
    }
    times.sort();
    let (median, worst) = (times[ROUNDS / 2], times[ROUNDS - 1]);
    println!("start to first screen, {records} records: {median:.1?} (median of {ROUNDS}), {worst:.1?} at worst");
    if median < MOST { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Downloads all data from a sandbox and returns the number of records.
async fn fill(fieldcast: &Fieldcast) -> u64 {
    let config = SandboxConfig { households: HOUSEHOLDS, boundaries: 8, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let text = |text: &str| text.to_owned();
    fieldcast.login(sandbox.url(), text("mz"), text("distributor"), text("fieldcast")).await.unwrap();
    let project = fieldcast.projects().await.unwrap().swap_remove(0);
    let tree = fieldcast.boundaries(project.clone()).await.unwrap();
    let leaves = tree.into_iter().filter(|boundary| boundary.leaf).map(|boundary| boundary.code).collect();
    let report = fieldcast.start_downsync(project, leaves, true).await.unwrap().finished().await.unwrap();
    assert!(report.failed.is_empty(), "{report:?}");
    sandbox.stop().await;
    fieldcast.datasets().await.unwrap().iter().map(|status| status.summary.records).sum()
}

/// The data of a home screen: the device, the account, the datasets, the conflicts, and one page of households.
async fn first_screen(fieldcast: &Fieldcast) {
    fieldcast.device().unwrap();
    assert!(fieldcast.account().await.unwrap().is_some());
    assert!(!fieldcast.datasets().await.unwrap().is_empty());
    assert!(fieldcast.conflicts().await.unwrap().is_empty());
    let page = RecordQuery { entity: Some(EntityType::new("Household")), limit: 20, ..RecordQuery::default() };
    assert_eq!(fieldcast.records(page).await.unwrap().len(), 20);
}
