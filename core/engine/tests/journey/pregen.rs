//! A server that answers with pre-generated files, and downloads that were broken off long ago.

use fieldcast_downsync::CLOCK_OVERLAP_MS;
use fieldcast_sandbox::{Fault, FaultKind, Sandbox, SandboxConfig, When};

use crate::device::device;

#[tokio::test(flavor = "multi_thread")]
async fn files_of_several_pages_give_a_dataset_with_a_time_that_can_be_sent() {
    let config = SandboxConfig { households: 400, boundaries: 1, pregen: true, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let (distributor, receiver) = (device("distributor-5").await, device("receiver-5").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let village = distributor.village().await;
    assert!(village.records > 2_000, "{} are one page", village.records);
    assert!(village.as_of.0 > 0 && village.as_of.0 <= sandbox.campaign().moment().now());
    let state = distributor.send_to(&receiver, true).await;
    assert!(matches!(state, fieldcast::SendState::Saved(_)), "{state:?}");
    assert_eq!(receiver.village().await, village);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_broken_off_yesterday_starts_over_and_todays_goes_on() {
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
    assert_eq!(sandbox.downsync_requests(), 4, "one page, its refused successor, and from there on");

    let again = Fault { when: When::Request(6), ..broken };
    sandbox.add_faults(vec![again]);
    distributor.try_downsync(1).await;
    sandbox.advance(50).unwrap();
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let now = sandbox.campaign().moment().now();
    assert_eq!(distributor.village().await.as_of.0, now - CLOCK_OVERLAP_MS);
    assert_eq!(sandbox.downsync_requests(), 10, "one page that told the time, then all three");
}
