//! The history of exchanges.

use fieldcast_model::{DeviceName, Digest, Fingerprint, SnapshotSummary};

use super::{Fresh, apply, fresh, household, snapshot, village};
use crate::{Exchange, ExchangeResult, ExchangeRole, Store};

fn saved() -> ExchangeResult {
    ExchangeResult::Saved { receipt: vec![1, 2, 3], digests: vec![Digest::from_bytes([4; 32])] }
}

/// A saved exchange after which the receiver has exactly the offered records.
fn saved_equal(offered: &[SnapshotSummary]) -> ExchangeResult {
    let digests = offered.iter().map(|summary| summary.digest).collect();
    ExchangeResult::Saved { receipt: vec![1, 2, 3], digests }
}

fn ended(code: &str) -> ExchangeResult {
    ExchangeResult::Ended { code: code.to_owned(), reason: format!("it was {code}") }
}

fn exchange(peer: u8, started: i64, offered: &[SnapshotSummary], result: ExchangeResult) -> Exchange {
    Exchange {
        role: ExchangeRole::Sent,
        peer: Fingerprint([peer; 32]),
        peer_key: Some([peer + 100; 32]),
        peer_name: DeviceName::new("Bela"),
        started,
        ended: started + 5,
        offered: offered.to_vec(),
        wire_bytes: 1_000,
        result,
    }
}

fn started(store: &Store) -> Vec<i64> {
    store.exchanges(usize::MAX).unwrap().iter().map(|exchange| exchange.started).collect()
}

#[test]
fn lists_exchanges_newest_first_after_restart() {
    let Fresh { store, dir } = fresh();
    let offered = [snapshot(&village("a"), 7), snapshot(&super::project(), 8)];
    let received = Exchange { role: ExchangeRole::Received, ..exchange(2, 20, &offered, saved()) };
    let unreached = Exchange { peer_key: None, ..exchange(3, 10, &offered, ended("unreachable")) };
    let all = [exchange(1, 30, &offered, saved()), received, unreached];
    all.iter().for_each(|exchange| store.add_exchange(exchange, false).unwrap());
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    let [first, second, third] = all;
    assert_eq!(
        store.exchanges(2).unwrap(),
        [third.clone(), second.clone()],
        "in the order of insertion, because clocks may change"
    );
    assert_eq!(store.exchanges(9).unwrap(), [third, second, first]);
}

#[test]
fn rejects_saved_exchange_without_key() {
    let Fresh { store, dir: _dir } = fresh();
    assert!(store.add_exchange(&Exchange { peer_key: None, ..exchange(1, 1, &[], saved()) }, false).is_err());
    assert_eq!(started(&store), []);
}

#[test]
fn merges_exchange_continued_after_connection_loss() {
    let Fresh { store, dir: _dir } = fresh();
    let [offered, other, third] = ["a", "b", "c"].map(|name| [snapshot(&village(name), 7)]);
    store.add_exchange(&exchange(1, 10, &offered, ended("lost")), false).unwrap();
    store.add_exchange(&exchange(1, 20, &offered, ended("lost")), true).unwrap();
    store.add_exchange(&exchange(2, 25, &offered, saved()), true).unwrap();
    store.add_exchange(&exchange(1, 30, &offered, saved()), true).unwrap();
    let rows = store.exchanges(9).unwrap();
    assert_eq!(started(&store), [10, 25], "an exchange with another device is not merged");
    assert_eq!((rows[0].ended, rows[0].wire_bytes, rows[0].result.clone()), (35, 3_000, saved()));

    for last in [exchange(1, 40, &other, ended("lost")), exchange(1, 41, &other, ended("declined"))] {
        store.add_exchange(&last, false).unwrap();
    }
    store.add_exchange(&exchange(1, 50, &other, saved()), true).unwrap();
    assert_eq!(started(&store), [50, 41, 40, 10, 25], "a refusal came in between");
    store.add_exchange(&exchange(1, 60, &other, ended("lost")), false).unwrap();
    store.add_exchange(&exchange(1, 70, &third, saved()), true).unwrap();
    assert_eq!(started(&store)[..2], [70, 60], "another offer");
}

#[test]
fn merges_exchange_saved_again_without_changes() {
    let Fresh { store, dir: _dir } = fresh();
    let (a, b) = ([snapshot(&village("a"), 7)], [snapshot(&village("b"), 7)]);
    for (at, offered) in [(10, &a), (20, &b)] {
        store.add_exchange(&exchange(1, at, offered, saved()), false).unwrap();
    }
    // In any order in which a device offers data again and loses the connection.
    for at in 3..9 {
        store.add_exchange(&exchange(1, 10 * at, &a, saved()), true).unwrap();
        store.add_exchange(&exchange(1, 10 * at + 1, &b, ended("lost")), true).unwrap();
        store.add_exchange(&exchange(1, 10 * at + 2, &b, saved()), true).unwrap();
    }
    let rows = store.exchanges(9).unwrap();
    assert_eq!(rows.iter().map(|row| (row.started, row.ended)).collect::<Vec<_>>(), [(20, 87), (10, 85)]);
    assert_eq!(rows.iter().map(|row| row.wire_bytes).collect::<Vec<_>>(), [13_000, 7_000]);
    store.add_exchange(&exchange(1, 90, &a, ended("lost")), true).unwrap();
    assert_eq!(started(&store), [90, 20, 10], "a failed exchange removes no receipt");
    store.add_exchange(&exchange(1, 95, &a, saved()), false).unwrap();
    assert_eq!(started(&store), [95, 90, 20, 10], "the user accepted again");
}

#[test]
fn trims_oldest_rows_without_losing_receipts() {
    let Fresh { store, dir: _dir } = fresh();
    let offered = [snapshot(&village("a"), 7)];
    for at in 0..3 {
        store.add_exchange(&exchange(1, at, &offered, saved()), false).unwrap();
    }
    for at in 3..9 {
        store.add_exchange(&exchange(1, at, &offered, ended("declined")), false).unwrap();
    }
    store.trim_exchanges(4, u64::MAX).unwrap();
    assert_eq!(started(&store), [8, 7, 6, 5, 2, 1, 0]);
    store.trim_exchanges(2, u64::MAX).unwrap();
    assert_eq!(started(&store), [8, 7, 2, 1]);
    let bytes = postcard::to_stdvec(&offered[..]).unwrap().len() as u64;
    store.trim_exchanges(9, 2 * bytes).unwrap();
    assert_eq!(started(&store), [8, 7, 2, 1]);
    store.trim_exchanges(9, 2 * bytes - 1).unwrap();
    assert_eq!(started(&store), [8, 2]);
}

#[test]
fn counts_devices_with_present_version_only() {
    let Fresh { store, dir: _dir } = fresh();
    assert_eq!(store.distribution_stats().unwrap(), []);
    let [a, b, never] = ["a", "b", "never"].map(village);
    for dataset in [&a, &b, &never] {
        apply(&store, dataset, &[household("h", 1, 1)]);
    }
    let now = |dataset| store.summary(dataset).unwrap().unwrap();
    let old = SnapshotSummary { digest: Digest::from_bytes([9; 32]), ..now(&a) };
    let same_later = SnapshotSummary { as_of: fieldcast_model::ServerTime(99), ..now(&a) };
    let received = Exchange { role: ExchangeRole::Received, ..exchange(9, 0, &[now(&a)], saved_equal(&[now(&a)])) };
    let sent = |peer, offered: &[SnapshotSummary]| exchange(peer, 0, offered, saved_equal(offered));
    let history = [
        sent(1, &[now(&a), now(&b)]),
        exchange(1, 1, &[now(&a)], ended("declined")),
        sent(2, &[old]),
        exchange(3, 3, &[now(&a)], ended("lost")),
        sent(4, &[same_later, snapshot(&village("elsewhere"), 1)]),
        // This device kept newer records, or had newer ones before.
        exchange(5, 5, &[now(&a)], saved()),
        // This device had the version once and has saved newer records since.
        sent(6, &[now(&a)]),
        exchange(6, 6, &[now(&a)], saved()),
        received,
    ];
    history.iter().for_each(|exchange| store.add_exchange(exchange, false).unwrap());
    let stats = store.distribution_stats().unwrap();
    let counts: Vec<_> = stats.iter().map(|stats| (&stats.summary.dataset, stats.saved, stats.picked)).collect();
    assert_eq!(counts, [(&a, 2, 6), (&b, 1, 1)]);
}
