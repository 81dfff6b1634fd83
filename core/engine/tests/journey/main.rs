//! The whole workflow with two engines in one process, over real HTTP, SQLite, mDNS and TLS on loopback.

#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod asking;
mod at_once;
mod attackers;
mod chunks;
mod device;
mod dialing;
mod filled;
mod flooded;
mod grants;
mod history;
mod limits;
mod networks;
mod pregen;
mod provenance;
mod queue;
mod resuming;
mod spoofing;
mod stopped;
mod trust;
mod updates;
mod wire_bytes;

use fieldcast::{EndReason, SendState};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

use crate::device::device;

async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig { households: 120, boundaries: 4, ..SandboxConfig::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_complete_download_then_smaller_update() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-1").await, device("receiver-1").await);
    distributor.login(&sandbox).await;
    distributor.downsync(2).await;
    let SendState::Saved(first) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(distributor.digests().await, receiver.digests().await);
    assert_eq!(distributor.digests().await.len(), 3, "two boundaries and the project-wide dataset");

    sandbox.advance(5).unwrap();
    distributor.downsync(2).await;
    assert_ne!(distributor.digests().await, receiver.digests().await);
    let SendState::Saved(second) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(distributor.digests().await, receiver.digests().await);
    assert!(second.progress.total <= first.progress.total, "{second:?} after {first:?}");

    let SendState::Saved(nothing) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(nothing.progress.total, 0, "nothing is sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_declined_offer_and_writes_nothing() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-2").await, device("receiver-2").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let state = distributor.send_to(&receiver, false).await;
    assert!(matches!(state, SendState::Failed(EndReason::Declined, _)), "{state:?}");
    assert!(receiver.digests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_offer_larger_than_free_space() {
    let sandbox = sandbox().await;
    let (distributor, mut receiver) = (device("distributor-4").await, device("receiver-4").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    receiver.reserve = 1 << 60; // no disk is that large
    let state = distributor.send_to(&receiver, true).await;
    assert!(
        matches!(state, SendState::Failed(EndReason::NoSpace { .. }, progress) if progress.staged == 0),
        "{state:?}"
    );
    assert!(receiver.digests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_bundle_file_and_refuses_damaged_ones() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-3").await, device("receiver-3").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("village.fcb");
    let datasets = distributor.engine.datasets().await.unwrap();
    let datasets = datasets.into_iter().map(|status| status.summary.dataset).collect();
    distributor.engine.export(datasets, path.clone()).await.unwrap();
    let whole = std::fs::read(&path).unwrap();

    let mut altered = whole.clone();
    *altered.last_mut().unwrap() ^= 1;
    for (bytes, word) in
        [(&whole[..whole.len() - 1], "cut off"), (&altered[..], "damaged"), (b"hello!!!", "not a Fieldcast")]
    {
        std::fs::write(&path, bytes).unwrap();
        let error = receiver.engine.import(path.clone()).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(receiver.digests().await.is_empty(), "nothing of it was taken");
    }

    std::fs::write(&path, &whole).unwrap();
    let info = receiver.engine.inspect(path.clone()).await.unwrap();
    assert_eq!(info.sender.fingerprint, distributor.engine.fingerprint());
    let imported = receiver.engine.import(path.clone()).await.unwrap();
    assert!(imported.comparisons.iter().all(|comparison| *comparison == fieldcast::ComparisonResult::Equal));
    assert_eq!(distributor.digests().await, receiver.digests().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn removes_login_and_datasets_on_request() {
    let sandbox = sandbox().await;
    let device = device("forgetful").await;
    device.login(&sandbox).await;
    device.downsync(1).await;
    assert!(device.engine.account().await.unwrap().is_some());
    device.engine.logout().await.unwrap();
    assert_eq!(device.engine.account().await.unwrap(), None);
    for status in device.engine.datasets().await.unwrap() {
        assert!(device.engine.remove(status.summary.dataset).await.unwrap());
    }
    assert!(device.digests().await.is_empty());
}
