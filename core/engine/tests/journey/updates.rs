//! Second rounds: changes if they are enough, complete ranges if they are not, nothing if the receiver is ahead.

use fieldcast::{ComparisonResult, SendState};

use crate::device::device;
use crate::filled::{change_one, fill};
use crate::wire_bytes::send;

#[tokio::test(flavor = "multi_thread")]
async fn finds_missing_records_by_digest() {
    let (distributor, receiver) = (device("damaged").await, device("damaged-receiver").await);
    let distributor = distributor.with_store(|store| _ = fill(store, 200, |_| true)).await;
    // Same time, but one side effect is missing, as after an incomplete answer of a server.
    let one = std::cell::Cell::new(true);
    let keep = |record: &fieldcast::Record| record.entity.as_str() != "SideEffect" || !one.replace(false);
    let receiver = receiver.with_store(|store| _ = fill(store, 200, keep)).await;
    let distributor = distributor.with_store(change_one).await;
    let found_by_digest = send(&distributor, &receiver).await;
    let fresh = device("damaged-fresh").await;
    let everything = send(&distributor, &fresh).await;
    assert!(found_by_digest < everything / 2, "more than the range that differs: {found_by_digest} of {everything}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_newer_version_of_receiver_ahead() {
    let (distributor, receiver) = (device("behind").await, device("ahead").await);
    let distributor = distributor.with_store(|store| _ = fill(store, 50, |_| true)).await;
    let receiver = receiver.with_store(|store| _ = fill(store, 50, |_| true)).await;
    let receiver = receiver.with_store(change_one).await;
    let before = receiver.digests().await;
    let SendState::Saved(sent) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!((sent.progress.total, receiver.digests().await), (0, before));
    assert!(matches!(sent.comparisons[..], [ComparisonResult::Ahead { .. }]));
    let stats = distributor.engine.distribution_stats().await.unwrap();
    assert_eq!(
        stats.iter().map(|stats| (stats.saved, stats.picked)).collect::<Vec<_>>(),
        [(0, 1)],
        "it has another version"
    );
    let newest = distributor.engine.history(1).await.unwrap().remove(0);
    assert_eq!((newest.receipt, newest.comparisons), (Some(true), sent.comparisons));
    send(&receiver, &distributor).await;
}
