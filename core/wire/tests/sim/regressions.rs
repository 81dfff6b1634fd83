//! Bugs that the simulator or a review has found and that are fixed. Each test states the correct behaviour.

use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    Applied, Breach, ChunkSet, ComparisonResult, Credentials, Distributor, DistributorState, EndReason,
    HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message, Receiver, ReceiverState, Role, SavedSnapshot,
};

use super::data::{Bundle, Version, digest, receipt};
use super::rng::Rng;

const NOW: Duration = Duration::ZERO;

fn opening(role: Role) -> HandshakeSecret {
    HandshakeSecret { exporter: [1; 32], nonce: [role as u8; 32] }
}

fn introduction(role: Role) -> HandshakeParameters {
    HandshakeParameters { name: DeviceName::new("device"), opening: opening(role), credentials: Credentials::default() }
}

/// The first messages of the peer in this role.
fn greeting(role: Role) -> [Message; 2] {
    let hello = Hello::new(role, DeviceName::new("device"), &opening(role));
    [Message::Hello(hello), Message::Reveal { nonce: opening(role).nonce, credentials: Credentials::default() }]
}

fn held(count: usize) -> Vec<Held> {
    vec![Held::NOTHING; count]
}

fn distributor() -> (Distributor, usize) {
    let offer = Bundle::random(&mut Rng::new(1)).offer();
    let count = offer.snapshots.len();
    let mut distributor = Distributor::new(introduction(Role::Distributor), Limits::default(), NOW);
    greeting(Role::Receiver).into_iter().for_each(|message| distributor.on_message(message, NOW));
    distributor.admit(Ok(offer), NOW);
    distributor.confirm(Ok(()));
    distributor.on_message(Message::Accept(held(count)), NOW);
    distributor.planned(vec![1; 10], NOW);
    (distributor, count)
}

fn receiver() -> (Receiver, usize) {
    let offer = Bundle::random(&mut Rng::new(1)).offer();
    let count = offer.snapshots.len();
    let mut receiver = Receiver::new(introduction(Role::Receiver), Limits::default(), NOW);
    greeting(Role::Distributor).into_iter().for_each(|message| receiver.on_message(message, NOW));
    receiver.on_message(Message::Offer(offer), NOW);
    receiver.answer(Ok(held(count)), NOW);
    (receiver, count)
}

#[test]
fn finishes_apply_despite_any_message() {
    for message in [Message::Stop(EndReason::Cancelled { by_distributor: true }), Message::Applying { records: 0 }] {
        let (mut receiver, count) = receiver();
        receiver.on_manifest(ChunkSet::default(), NOW);
        receiver.on_message(message, NOW);
        assert_eq!(receiver.state(), &ReceiverState::Applying);
        let saved = |d| SavedSnapshot { digest: digest(d, Version::Offered), comparison: ComparisonResult::Equal };
        receiver.applied(Ok(Applied::Saved(receipt((0..count).map(saved)))), NOW);
        assert_eq!(receiver.state(), &ReceiverState::Saved);
    }
}

#[test]
fn asks_for_whole_snapshot_once() {
    let (mut distributor, _) = distributor();
    distributor.on_message(Message::Want(ChunkSet::default()), NOW);
    distributor.on_message(Message::Applying { records: 0 }, NOW);
    distributor.on_message(Message::Differs(vec![0; 30_000]), NOW);
    assert_eq!(distributor.state(), &DistributorState::Ended(EndReason::Protocol(Breach::OutOfBounds)));
}

#[test]
fn disconnects_peer_that_only_sends_alive() {
    let (mut distributor, _) = distributor();
    let (mut receiver, _) = receiver();
    for now in (0..3600).map(Duration::from_secs) {
        distributor.on_message(Message::Alive, now);
        distributor.on_time(now);
        receiver.on_message(Message::Alive, now);
        receiver.on_time(now);
    }
    assert!(distributor.is_over(), "distributor {:?}", distributor.state());
    assert!(receiver.is_over(), "receiver {:?}", receiver.state());
}
