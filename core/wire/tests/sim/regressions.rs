//! Bugs that the simulator or a review has found and that are fixed. Each test states the correct behaviour.

use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    Applied, Breach, ChunkSet, ComparisonResult, Credentials, Distributor, EndReason, ExchangeState, Handshake,
    HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message, Receiver, Role, SavedSnapshot,
};

use super::data::{Bundle, Version, digest, receipt, verifier};
use super::rng::Rng;

const NOW: Duration = Duration::ZERO;

fn secret(role: Role) -> HandshakeSecret {
    HandshakeSecret { exporter: [1; 32], nonce: [role as u8; 32] }
}

fn handshake(role: Role) -> Handshake {
    let (name, credentials) = (DeviceName::new("device"), Credentials::default());
    Handshake::new(role, HandshakeParameters { name, secret: secret(role), credentials, session: 1, invite: None })
}

/// The first messages of the peer in this role.
fn greeting(role: Role) -> [Message; 2] {
    let hello = Hello::new(role, DeviceName::new("device"), &secret(role));
    [Message::Hello(hello), Message::Reveal { nonce: secret(role).nonce, credentials: Credentials::default() }]
}

fn held(count: usize) -> Vec<Held> {
    vec![Held::NOTHING; count]
}

fn distributor() -> (Distributor, usize) {
    let offer = Bundle::random(&mut Rng::new(1)).offer();
    let count = offer.snapshots.len();
    let mut distributor = Distributor::new(handshake(Role::Distributor), verifier(), Limits::default(), NOW);
    greeting(Role::Receiver).into_iter().for_each(|message| distributor.on_message(message, NOW));
    distributor.authorize(Ok(offer), NOW);
    distributor.confirm(Ok(()));
    distributor.on_message(Message::Accept(held(count)), NOW);
    distributor.planned(Ok(vec![1; 10]), NOW);
    (distributor, count)
}

fn receiver() -> (Receiver, usize) {
    let offer = Bundle::random(&mut Rng::new(1)).offer();
    let count = offer.snapshots.len();
    let mut receiver = Receiver::new(handshake(Role::Receiver), Limits::default(), NOW);
    greeting(Role::Distributor).into_iter().for_each(|message| receiver.on_message(message, NOW));
    receiver.on_message(Message::Offer(offer), NOW);
    receiver.permit(Ok(()));
    receiver.authorized(Ok(true));
    receiver.answer(Ok(()));
    receiver.accept(Ok(held(count)), NOW);
    (receiver, count)
}

#[test]
fn finishes_apply_despite_any_message() {
    for message in [Message::Stop(EndReason::Cancelled { by_distributor: true }), Message::Applying { records: 0 }] {
        let (mut receiver, count) = receiver();
        assert!(receiver.on_manifest(NOW));
        receiver.want(Ok(ChunkSet::default()), NOW);
        receiver.on_message(message, NOW);
        assert_eq!(receiver.state(), &ExchangeState::Applying);
        let saved = |d| SavedSnapshot { digest: digest(d, Version::Offered), comparison: ComparisonResult::Equal };
        let offer = Bundle::random(&mut Rng::new(1)).offer();
        receiver.applied(Ok(Applied::Saved(receipt(&offer, (0..count).map(saved)))), NOW);
        assert_eq!(receiver.state(), &ExchangeState::Saved);
    }
}

#[test]
fn asks_for_whole_snapshot_once() {
    let (mut distributor, _) = distributor();
    distributor.on_message(Message::Want(ChunkSet::default()), NOW);
    distributor.on_message(Message::Applying { records: 0 }, NOW);
    distributor.on_message(Message::Differs(vec![0; 30_000]), NOW);
    assert_eq!(distributor.state(), &ExchangeState::Ended(EndReason::Protocol(Breach::OutOfBounds)));
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
