//! The cost of an update on the network: every byte over both sockets, with TLS and its handshake.

use fieldcast::SendState;
use fieldcast_sandbox::{Sandbox, SandboxConfig};

use crate::device::{Device, device};
use crate::filled::{change_one, fill};

/// Sends, checks that both devices are equal, and returns the bytes over the network.
pub(crate) async fn send(distributor: &Device, receiver: &Device) -> u64 {
    let SendState::Saved(sent) = distributor.send_to(receiver, true).await else { panic!("not saved") };
    assert_eq!(distributor.digests().await, receiver.digests().await);
    sent.progress.wire
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_small_update_in_few_bytes() {
    let config = SandboxConfig { households: 2000, boundaries: 1, seed: 7, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let (distributor, receiver) = (device("update-1").await, device("update-1-receiver").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let first = send(&distributor, &receiver).await;
    sandbox.advance(10).unwrap();
    distributor.downsync(1).await;
    let second = send(&distributor, &receiver).await;
    assert!(second * 50 <= first, "{second} bytes after {first}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_one_changed_record_in_four_kib() {
    let (distributor, receiver) = (device("update-2").await, device("update-2-receiver").await);
    let distributor = distributor.with_store(|store| assert!(fill(store, 5500, |_| true) > 100_000)).await;
    send(&distributor, &receiver).await;
    let distributor = distributor.with_store(change_one).await;
    let second = send(&distributor, &receiver).await;
    assert!(second < 4096, "{second} bytes");
}
