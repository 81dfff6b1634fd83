//! Second rounds: changes where they are enough, whole ranges where they are not, nothing where the receiver is ahead.

use fieldcast::{ComparisonResult, SendState};

use crate::device::device;
use crate::filled::{change_one, fill};
use crate::wire_bytes::send;

#[tokio::test(flavor = "multi_thread")]
async fn what_the_changes_do_not_show_is_found_by_digest_and_sent() {
    let (distributor, receiver) = (device("damaged").await, device("damaged-receiver").await);
    let distributor = distributor.with_store(|store| _ = fill(store, 200, |_| true)).await;
    // As of the same time, yet without one side effect: what a server that answers short leaves behind.
    let one = std::cell::Cell::new(true);
    let keep = |record: &fieldcast::Record| record.entity.as_str() != "SideEffect" || !one.replace(false);
    let receiver = receiver.with_store(|store| _ = fill(store, 200, keep)).await;
    let distributor = distributor.with_store(change_one).await;
    let found_by_digest = send(&distributor, &receiver).await;
    let fresh = device("damaged-fresh").await;
    let everything = send(&distributor, &fresh).await;
    assert!(found_by_digest < everything / 2, "only the range that differs: {found_by_digest} of {everything}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_ahead_is_told_so_and_keeps_what_it_has() {
    let (distributor, receiver) = (device("behind").await, device("ahead").await);
    let distributor = distributor.with_store(|store| _ = fill(store, 50, |_| true)).await;
    let receiver = receiver.with_store(|store| _ = fill(store, 50, |_| true)).await;
    let receiver = receiver.with_store(change_one).await;
    let before = receiver.digests().await;
    let SendState::Saved(sent) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!((sent.progress.total, receiver.digests().await), (0, before));
    assert!(matches!(sent.comparisons[..], [ComparisonResult::Ahead { .. }]));
    let reach = distributor.engine.distribution_stats().await.unwrap();
    assert_eq!(
        reach.iter().map(|reach| (reach.saved, reach.picked)).collect::<Vec<_>>(),
        [(0, 1)],
        "it has another version"
    );
    let past = distributor.engine.history(1).await.unwrap().remove(0);
    assert_eq!((past.receipt, past.comparisons), (Some(true), sent.comparisons));
    send(&receiver, &distributor).await;
}
