//! Interrupted downloads: resumed on the same day, restarted later.

use fieldcast::ServerTime;
use fieldcast_downsync::{CLOCK_OVERLAP_MS, Cursor};
use fieldcast_sandbox::{Fault, FaultKind, Sandbox, SandboxConfig, When};
use fieldcast_store::{PageCommit, SyncStart, SyncTarget};

use crate::device::device;

#[tokio::test(flavor = "multi_thread")]
async fn resumes_todays_download_and_restarts_yesterdays() {
    let broken = Fault::once(When::Request(2), FaultKind::TokenExpired);
    let config =
        SandboxConfig { households: 250, boundaries: 1, faults: vec![broken.clone()], ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let distributor = device("distributor-6").await;
    distributor.login(&sandbox).await;
    let (done, _) = distributor.try_downsync(1).await;
    assert_eq!(done, 0, "the second of three pages was refused");
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    assert_eq!(sandbox.downsync_requests(), 4, "one page, the refused page, and two more");

    let again = Fault { when: When::Request(6), ..broken };
    sandbox.add_faults(vec![again]);
    distributor.try_downsync(1).await;
    sandbox.advance(50).unwrap();
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let now = sandbox.campaign().moment().now();
    assert_eq!(distributor.village().await.as_of.0, now - CLOCK_OVERLAP_MS);
    assert_eq!(sandbox.downsync_requests(), 10, "one page with the server's time, then all three");
}

#[tokio::test(flavor = "multi_thread")]
async fn restarts_old_run_that_lacks_only_its_end() {
    let config = SandboxConfig { households: 20, boundaries: 1, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let distributor = device("distributor-8").await;
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let village = distributor.village().await;
    let (server, dataset) = (sandbox.url(), village.dataset.clone());
    let cut_short = distributor.with_store(|store| {
        let target = SyncTarget { server, dataset, project_name: String::new(), boundary_name: String::new() };
        let end = Cursor { households_total: Some(0), done: true, ..Cursor::start() };
        let page = PageCommit {
            run: store.begin_sync(&target, SyncStart::Fresh).unwrap().run,
            as_of: Some(ServerTime(1)),
            position: serde_json::to_string(&end).unwrap(),
            done: 20,
            total: 20,
            bytes: 0,
            clock: None,
            families: Vec::new(),
            project_wide: Vec::new(),
        };
        store.commit_page(&page).unwrap();
    });
    let distributor = cut_short.await;
    assert!(distributor.engine.datasets().await.unwrap().iter().any(|status| status.syncing.is_some()));
    distributor.downsync(1).await;
    assert_eq!(distributor.village().await, village);
}
