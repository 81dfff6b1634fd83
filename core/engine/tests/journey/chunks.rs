//! Data that is encoded once: unchanged ranges, and changes that several receivers lack.

use std::collections::BTreeSet;

use fieldcast::{Dataset, SendState};
use fieldcast_model::FINE_BITS;
use fieldcast_store::{ChunkEntry, Store};

use crate::device::{TIMEOUT, answer_all, device, find, state_of};
use crate::filled::{change_one, fill};

/// The cache of the only dataset: bits, range and hash.
fn cached(store: &Store) -> BTreeSet<(u8, u32, [u8; 32])> {
    entries(store).into_iter().map(|entry| (entry.range.bits, entry.range.index, entry.hash)).collect()
}

fn entries(store: &Store) -> Vec<ChunkEntry> {
    let dataset = only(store);
    (0..=FINE_BITS).flat_map(|bits| store.read(|reader| reader.cached_chunks(&dataset, bits)).unwrap()).collect()
}

fn only(store: &Store) -> Dataset {
    store.datasets().unwrap().remove(0).summary.dataset
}

#[tokio::test(flavor = "multi_thread")]
async fn encodes_only_the_changed_range() {
    let distributor = device("encoding").await.with_store(|store| _ = fill(store, 400, |_| true)).await;
    distributor.offer().await.stop().await;
    // Encoding is deterministic, so only a marker shows that it did not happen.
    let mark = fieldcast_bundle::ChunkHash::of(b"mark").0;
    let mut count = 0;
    let mark_and_change = |store: &Store| {
        for entry in entries(store) {
            store.cache_chunk(&only(store), entry.range, &entry.digest, &mark, b"mark").unwrap();
            count += 1;
        }
        change_one(store);
    };
    let distributor = distributor.with_store(mark_and_change).await;
    assert!(count > 2, "{count} chunks are too few");
    distributor.offer().await.stop().await;
    let check = |store: &Store| {
        let (kept, encoded): (Vec<_>, Vec<_>) = cached(store).into_iter().partition(|(_, _, hash)| *hash == mark);
        assert_eq!((kept.len(), encoded.len()), (count - 1, 1));
    };
    distributor.with_store(check).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn encodes_changes_once_for_all_receivers() {
    let distributor = device("sharing").await.with_store(|store| _ = fill(store, 200, |_| true)).await;
    distributor.offer().await.stop().await;
    let mut before = BTreeSet::new();
    let changed = |store: &Store| {
        before = cached(store);
        change_one(store);
    };
    let distributor = distributor.with_store(changed).await;
    let first = device("sharing-1").await.with_store(|store| _ = fill(store, 200, |_| true)).await;
    let second = device("sharing-2").await.with_store(|store| _ = fill(store, 200, |_| true)).await;

    let (one, other) = (first.receive().await, second.receive().await);
    let (mut asked_one, mut asked_other) = (one.subscribe(), other.subscribe());
    let offering = distributor.offer().await;
    let mut found = offering.subscribe();
    let sending = async {
        for receiver in [&first, &second] {
            find(&offering, &mut found, receiver).await;
            offering.send_to(receiver.engine.fingerprint()).unwrap();
        }
        offering.finished().await;
    };
    tokio::select! {
        () = sending => {}
        () = answer_all(&one, &mut asked_one, true) => panic!("the first stopped"),
        () = answer_all(&other, &mut asked_other, true) => panic!("the second stopped"),
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    let mut totals = Vec::new();
    for receiver in [&first, &second] {
        let SendState::Saved(sent) = state_of(&offering, receiver) else { panic!("not saved") };
        totals.push(sent.progress.total);
        assert_eq!(receiver.digests().await, distributor.digests().await);
    }
    assert!(totals[0] == totals[1] && totals[0] < 4096, "{totals:?}: both receive only the changes");
    offering.stop().await;
    drop(offering);
    // One new chunk holds the changes, with 0 bits; the other is the re-encoded chunk of the complete snapshot.
    let check = |store: &Store| {
        let new: Vec<u8> = cached(store).difference(&before).map(|(bits, ..)| *bits).collect();
        assert!(new.len() == 2 && new[0] == 0 && new[1] > 0, "{new:?}");
    };
    distributor.with_store(check).await;
}
