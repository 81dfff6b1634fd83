//! Attacks by devices that connect to a distributor.

use std::time::Duration;

use fieldcast::{DeviceName, DialTarget, FoundBy, Interface, OfferSession, SendState, TrustedPeer, choose_interface};
use fieldcast_net::{FrameReader, FrameWriter, Identity, dial};
use fieldcast_store::Store;
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{CODE_LABEL, HandshakeSecret, Hello, Message, Role};

use crate::device::{TIMEOUT, find};
use crate::dialing::untrusted_pair;

fn loopback() -> Interface {
    choose_interface(Some("127.0.0.1")).unwrap()
}

/// A receiver that the test controls, with a parked connection.
struct Attacker {
    reader: FrameReader,
    writer: FrameWriter,
}

impl Attacker {
    /// Connects as a device of this role and name, and sends `first` before its hello.
    async fn connect(offering: &OfferSession, identity: &Identity, who: (Role, &str), first: Option<Message>) -> Self {
        let connection = dial(&loopback(), identity, offering.addr().unwrap(), None, TIMEOUT).await.unwrap();
        let secret = HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[]).unwrap(), nonce: [7; 32] };
        let (reader, writer) = connection.split();
        let mut attacker = Self { reader, writer };
        for message in first.into_iter().chain([Message::Hello(Hello::new(who.0, DeviceName::new(who.1), &secret))]) {
            attacker.send(&message).await;
        }
        attacker
    }

    /// Connects under a name.
    async fn named(offering: &OfferSession, identity: &Identity, name: &str) -> Self {
        Self::connect(offering, identity, (Role::Receiver, name), None).await
    }

    async fn send(&mut self, message: &Message) {
        self.writer.write(FrameKind::Control, &message.encode()).await.unwrap();
        self.writer.flush().await.unwrap();
    }

    /// The messages that it receives before it is disconnected, without heartbeats.
    async fn messages(mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Ok(frame) = tokio::time::timeout(TIMEOUT, self.reader.read()).await.unwrap() {
            messages.extend(Message::decode(&frame.1).ok().filter(|message| *message != Message::Alive));
        }
        messages
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_connections_and_keeps_trusted_receiver() {
    let (distributor, receiver) = untrusted_pair().await;
    let (fingerprint, name) = (receiver.engine.fingerprint(), DeviceName::new("receiver"));
    let remember = |store: &Store| store.trust_peer(&TrustedPeer { fingerprint, name, since: 1 }).unwrap();
    let distributor = distributor.with_store(remember).await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let mut found = offering.subscribe();
    receiving.dial(DialTarget { addr: offering.addr().unwrap(), expected: None, token: None });
    find(&offering, &mut found, &receiver).await;
    let mut attackers = Vec::new();
    for _ in 0..80 {
        let identity = Identity::generate().unwrap();
        attackers.push(Attacker::named(&offering, &identity, "flood").await);
    }
    // The first of them are disconnected; the receiver, which connected before them, is not.
    assert_eq!(attackers.remove(0).messages().await, []);
    while offering.peers().len() > 64 {
        found.next().await.unwrap();
    }
    assert!(offering.peers().iter().any(|(peer, _)| peer.fingerprint == fingerprint));
    drop(attackers);
    while offering.peers().len() > 1 {
        found.next().await.unwrap();
    }
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_forged_name_as_separate_receiver() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let mut found = offering.subscribe();
    receiving.dial(DialTarget { addr: offering.addr().unwrap(), expected: None, token: None });
    find(&offering, &mut found, &receiver).await;
    let before = offering.peers();
    let mallory = Identity::generate().unwrap();
    let _parked = Attacker::named(&offering, &mallory, "receiver").await;
    while offering.peers().len() < 2 {
        found.next().await.unwrap();
    }
    let (genuine, forged): (Vec<_>, Vec<_>) =
        offering.peers().into_iter().partition(|(peer, _)| peer.fingerprint == receiver.engine.fingerprint());
    assert_eq!(genuine, before, "it is unchanged");
    let (peer, state) = &forged[0];
    assert_eq!((peer.fingerprint, state), (mallory.fingerprint(), &SendState::Found));
    assert_eq!(peer.by, FoundBy { connected: true, ..FoundBy::default() });
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn removes_receivers_that_break_the_protocol() {
    let (distributor, _) = untrusted_pair().await;
    let offering = distributor.offer().await;
    let identity = Identity::generate().unwrap();
    // Messages on a parked connection.
    let mut chatty = Attacker::named(&offering, &identity, "chatty").await;
    chatty.send(&Message::Applying { records: 0 }).await;
    assert!(matches!(chatty.messages().await[..], [Message::Stop(_)]));
    // Another distributor.
    let distributor = Attacker::connect(&offering, &identity, (Role::Distributor, "x"), None).await;
    assert_eq!(distributor.messages().await, [Message::Stop(fieldcast::EndReason::SameRole)]);
    // A forged invite.
    let forger = Attacker::connect(&offering, &identity, (Role::Receiver, "x"), Some(Message::Invited([9; 32]))).await;
    assert_eq!(forger.messages().await, [Message::Stop(fieldcast::EndReason::NotInvited)]);
    let empty = async {
        while !offering.peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(TIMEOUT, empty).await.unwrap();
}
