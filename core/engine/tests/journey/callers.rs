//! Callers that mean no good.

use std::time::Duration;

use fieldcast::{DeviceName, DialTarget, FoundBy, Interface, OfferSession, SendState, TrustedPeer, choose_interface};
use fieldcast_net::{FrameReader, FrameWriter, Identity, dial};
use fieldcast_store::Store;
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{CODE_LABEL, HandshakeSecret, Hello, Message, Role};

use crate::calls::strangers;
use crate::device::{PATIENCE, find};

fn loopback() -> Interface {
    choose_interface(Some("127.0.0.1")).unwrap()
}

/// A receiver by hand, on the line.
struct Caller {
    reader: FrameReader,
    writer: FrameWriter,
}

impl Caller {
    /// Calls in as a device of this role and name, saying this before its hello.
    async fn call(offering: &OfferSession, identity: &Identity, who: (Role, &str), first: Option<Message>) -> Self {
        let connection = dial(&loopback(), identity, offering.addr().unwrap(), None, PATIENCE).await.unwrap();
        let opening = HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[]).unwrap(), nonce: [7; 32] };
        let (reader, writer) = connection.split();
        let mut caller = Self { reader, writer };
        for message in first.into_iter().chain([Message::Hello(Hello::new(who.0, DeviceName::new(who.1), &opening))]) {
            caller.say(&message).await;
        }
        caller
    }

    /// Calls in under a name.
    async fn named(offering: &OfferSession, identity: &Identity, name: &str) -> Self {
        Self::call(offering, identity, (Role::Receiver, name), None).await
    }

    async fn say(&mut self, message: &Message) {
        self.writer.write(FrameKind::Control, &message.encode()).await.unwrap();
        self.writer.flush().await.unwrap();
    }

    /// What it is told before it is hung up on, signs of life left out.
    async fn told(mut self) -> Vec<Message> {
        let mut told = Vec::new();
        while let Ok(frame) = tokio::time::timeout(PATIENCE, self.reader.read()).await.unwrap() {
            told.extend(Message::decode(&frame.1).ok().filter(|message| *message != Message::Alive));
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_calls_is_bounded_and_who_is_remembered_stays() {
    let (distributor, receiver) = strangers().await;
    let (fingerprint, name) = (receiver.engine.fingerprint(), DeviceName::new("receiver"));
    let remember = |store: &Store| store.trust_peer(&TrustedPeer { fingerprint, name, since: 1 }).unwrap();
    let distributor = distributor.with_store(remember).await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let mut found = offering.subscribe();
    receiving.dial(DialTarget { addr: offering.addr().unwrap(), expected: None, token: None });
    find(&offering, &mut found, &receiver).await;
    let mut callers = Vec::new();
    for _ in 0..80 {
        let identity = Identity::generate().unwrap();
        callers.push(Caller::named(&offering, &identity, "flood").await);
    }
    // The first of them are hung up on, and the receiver, who was there before them, is not.
    assert_eq!(callers.remove(0).told().await, []);
    while offering.peers().len() > 64 {
        found.next().await.unwrap();
    }
    assert!(offering.peers().iter().any(|(peer, _)| peer.fingerprint == fingerprint));
    drop(callers);
    while offering.peers().len() > 1 {
        found.next().await.unwrap();
    }
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_name_is_only_a_name() {
    let (distributor, receiver) = strangers().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let mut found = offering.subscribe();
    receiving.dial(DialTarget { addr: offering.addr().unwrap(), expected: None, token: None });
    find(&offering, &mut found, &receiver).await;
    let before = offering.peers();
    let mallory = Identity::generate().unwrap();
    let _on_the_line = Caller::named(&offering, &mallory, "receiver").await;
    while offering.peers().len() < 2 {
        found.next().await.unwrap();
    }
    let (genuine, forged): (Vec<_>, Vec<_>) =
        offering.peers().into_iter().partition(|(peer, _)| peer.fingerprint == receiver.engine.fingerprint());
    assert_eq!(genuine, before, "it is as it was");
    let (peer, state) = &forged[0];
    assert_eq!((peer.fingerprint, state), (mallory.fingerprint(), &SendState::Found));
    assert_eq!(peer.by, FoundBy { called_in: true, ..FoundBy::default() });
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_break_the_protocol_are_told_and_listed_no_more() {
    let (distributor, _) = strangers().await;
    let offering = distributor.offer().await;
    let identity = Identity::generate().unwrap();
    // Chatter on the line.
    let mut chatty = Caller::named(&offering, &identity, "chatty").await;
    chatty.say(&Message::Applying { records: 0 }).await;
    assert!(matches!(chatty.told().await[..], [Message::Stop(_)]));
    // Another distributor.
    let distributor = Caller::call(&offering, &identity, (Role::Distributor, "x"), None).await;
    assert_eq!(distributor.told().await, [Message::Stop(fieldcast::EndReason::SameRole)]);
    // An invite that was made up.
    let forger = Caller::call(&offering, &identity, (Role::Receiver, "x"), Some(Message::Invited([9; 32]))).await;
    assert_eq!(forger.told().await, [Message::Stop(fieldcast::EndReason::NotInvited)]);
    let empty = async {
        while !offering.peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, empty).await.unwrap();
}
