//! A server that answers with pre-generated files.

use fieldcast_downsync::CLOCK_OVERLAP_MS;
use fieldcast_sandbox::{Sandbox, SandboxConfig};

use crate::device::device;

#[tokio::test(flavor = "multi_thread")]
async fn sends_dataset_from_pregenerated_files() {
    let config = SandboxConfig { households: 400, boundaries: 1, pregen: true, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let (distributor, receiver) = (device("distributor-5").await, device("receiver-5").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let village = distributor.village().await;
    assert!(village.records > 2_000, "{} records fit one page", village.records);
    assert!(village.as_of.0 > 0 && village.as_of.0 <= sandbox.campaign().moment().now());
    let state = distributor.send_to(&receiver, true).await;
    assert!(matches!(state, fieldcast::SendState::Saved(_)), "{state:?}");
    assert_eq!(receiver.village().await, village);
}

#[tokio::test(flavor = "multi_thread")]
async fn completes_project_records_from_live_service_only() {
    for pregen in [false, true] {
        let config = SandboxConfig { households: 400, boundaries: 3, pregen, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config).await.unwrap();
        let distributor = device("distributor-7").await;
        distributor.login(&sandbox).await;
        for _day in 0..2 {
            sandbox.advance(50).unwrap();
            distributor.downsync(3).await;
            let moment = sandbox.campaign().moment();
            let wide = distributor.summaries().await.into_iter().find(|summary| summary.dataset.boundary.is_none());
            let wide = wide.unwrap();
            let all = moment.hf_referrals(&wide.dataset.project).unwrap();
            let alive = all.iter().filter(|referral| !referral.deleted).count();
            assert!(alive > 0);
            assert_eq!(wide.records, if pregen { alive } else { all.len() } as u64, "of every boundary");
            assert_eq!(wide.as_of.0, if pregen { 0 } else { moment.now() - CLOCK_OVERLAP_MS });
        }
    }
}
