//! Receivers that dial, and typed addresses; without mDNS.

use std::collections::BTreeSet;

use fieldcast::{
    Answer, DialState, DialTarget, EndReason, FoundBy, Group, Invite, OfferEvent, OfferSession, Question, ReceiveEvent,
    ReceiveSession, Sas, SendState, Subscription, Trust,
};

use crate::device::{Device, TIMEOUT, device, find, state_of};
use crate::filled::fill;

/// One hour from now.
#[expect(clippy::disallowed_methods, reason = "dates")]
pub(crate) fn later() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    now.as_millis() as i64 + 3_600_000
}

/// A distributor with data and a receiver that do not trust each other, without mDNS.
pub(crate) async fn untrusted_pair() -> (Device, Device) {
    let (distributor, mut receiver) = (device("distributor").await, device("receiver").await);
    let mut distributor = distributor.with_store(|store| _ = fill(store, 40, |_| true)).await;
    for device in [&mut distributor, &mut receiver] {
        (device.trust, device.mdns) = (Trust::Compare(BTreeSet::new()), false);
    }
    (distributor, receiver)
}

/// The receiver's next dial state that matches.
pub(crate) async fn dial_state(
    events: &mut Subscription<ReceiveEvent>,
    fits: impl Fn(&DialState) -> bool,
) -> DialState {
    let next = async {
        loop {
            match events.next().await.unwrap() {
                ReceiveEvent::Dial(_, state) if fits(&state) => return state,
                _ => {}
            }
        }
    };
    tokio::time::timeout(TIMEOUT, next).await.unwrap()
}

/// Sends to a receiver that is found; both users accept. Returns the codes that the two screens showed.
async fn send(
    offering: &OfferSession,
    receiving: &ReceiveSession,
    to: &Device,
    mut asked: Subscription<ReceiveEvent>,
) -> [Option<Sas>; 2] {
    let (mut found, mut compared) = (offering.subscribe(), offering.subscribe());
    let mut codes = [None, None];
    let answering = async {
        loop {
            tokio::select! {
                Some(event) = asked.next() => if let ReceiveEvent::Asked(Question { id, code, is_known, .. }) = event {
                    codes[1] = (!is_known).then_some(code);
                    receiving.answer(id, Answer::Once);
                },
                Some(event) = compared.next() => if let OfferEvent::Compare(peer, code) = event {
                    codes[0] = Some(code);
                    offering.answer(peer.fingerprint, Answer::Once);
                },
            }
        }
    };
    let sending = async {
        find(offering, &mut found, to).await;
        offering.send_to(to.engine.fingerprint()).unwrap();
        offering.finished().await;
    };
    tokio::select! {
        () = sending => {}
        () = answering => {}
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    codes
}

fn to(offering: &OfferSession) -> DialTarget {
    DialTarget { addr: offering.addr().unwrap(), expected: None, token: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_over_parked_connection_of_picked_receiver() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let (asked, mut calls, mut found) = (receiving.subscribe(), receiving.subscribe(), offering.subscribe());
    receiving.dial(to(&offering));
    find(&offering, &mut found, &receiver).await;
    let (peer, state) = offering.peers().remove(0);
    assert_eq!((peer.name.as_str(), state), ("receiver", SendState::Found));
    assert_eq!(peer.by, FoundBy { connected: true, ..FoundBy::default() });
    assert_eq!(receiving.open_question(), None, "it was not picked");
    dial_state(&mut calls, |state| *state == DialState::Connected(distributor.engine.fingerprint())).await;

    let codes = send(&offering, &receiving, &receiver, asked).await;
    assert!(codes[0].is_some() && codes[0] == codes[1], "{codes:?}");
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)));
    assert_eq!(receiver.digests().await, distributor.digests().await);
    // It is parked again for the next version.
    dial_state(&mut calls, |state| matches!(state, DialState::Connected(_))).await;
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn compares_no_code_after_an_invite() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let asked = receiving.subscribe();
    let group = Group::new("DIRECT-fc", "sixteen-letters!").unwrap();
    let invite = offering.invite(Some(group), later()).unwrap();
    // As the camera reads it.
    let mut found = offering.subscribe();
    receiving.dial(DialTarget::from(&Invite::parse(&invite.to_uri(), 0).unwrap()));
    find(&offering, &mut found, &receiver).await;
    let (peer, _) = offering.peers().remove(0);
    assert_eq!(peer.by, FoundBy { connected: true, invited: true, ..FoundBy::default() });
    assert_eq!(send(&offering, &receiving, &receiver, asked).await, [None, None]);
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)));
    assert_eq!(receiver.engine.trusted_peers().await.unwrap(), [], "an invite does not make a device trusted");
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accepts_invite_when_the_distributor_dials() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let good = DialTarget::from(&offering.invite(None, later()).unwrap());
    let nowhere = ([127, 0, 0, 1], 1).into(); // so that its own dial does not arrive
    receiving.dial(DialTarget { addr: nowhere, ..good.clone() });
    offering.find_at(receiving.addr().unwrap()).await.unwrap();
    assert_eq!(send(&offering, &receiving, &receiver, receiving.subscribe()).await, [None, None]);
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)));

    // The new session does not know the invite, so it asks for the code. The receiver still knows the distributor's
    // key.
    let (later_on, other) = (distributor.offer().await, receiver.receive().await);
    other.dial(DialTarget { addr: nowhere, ..good });
    later_on.find_at(other.addr().unwrap()).await.unwrap();
    let codes = send(&later_on, &other, &receiver, other.subscribe()).await;
    assert!(codes[0].is_some() && codes[1].is_none(), "{codes:?}");
    receiving.stop().await;
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_invite_with_wrong_key_token_or_time() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let mut calls = receiving.subscribe();
    let mut over = async |call: &DialTarget| {
        receiving.dial(call.clone());
        dial_state(&mut calls, |state| matches!(state, DialState::GaveUp(_))).await
    };
    let past = DialTarget::from(&offering.invite(None, 1_000).unwrap());
    assert_eq!(over(&past).await, DialState::GaveUp(EndReason::NotInvited), "its time is over");
    let good = DialTarget::from(&offering.invite(None, later()).unwrap());
    let wrong_key = DialTarget { expected: Some(receiver.engine.fingerprint()), ..good.clone() };
    assert_eq!(over(&wrong_key).await, DialState::GaveUp(EndReason::WrongDevice));
    let wrong_token = DialTarget { token: Some(fieldcast::Token([0; 16])), ..good };
    assert_eq!(over(&wrong_token).await, DialState::GaveUp(EndReason::NotInvited));
    assert_eq!(offering.peers(), [], "the list is empty");
    receiving.dial(to(&offering));
    dial_state(&mut calls, |state| matches!(state, DialState::Connected(_))).await;
    find(&offering, &mut offering.subscribe(), &receiver).await;
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reconnects_until_the_distributor_starts() {
    let (distributor, receiver) = untrusted_pair().await;
    let receiving = receiver.receive().await;
    let mut calls = receiving.subscribe();
    let first = distributor.offer().await;
    let (call, addr) = (to(&first), first.addr().unwrap());
    first.stop().await;
    receiving.dial(call);
    let again = |state: &DialState| matches!(state, DialState::Retrying(EndReason::Unreachable(_)));
    dial_state(&mut calls, again).await;
    let second = distributor.offer_on(addr.port()).await;
    find(&second, &mut second.subscribe(), &receiver).await;
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_receiver_at_typed_address_without_disturbing_it() {
    let (distributor, receiver) = untrusted_pair().await;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let (asked, mut events) = (receiving.subscribe(), receiving.subscribe());
    let peer = offering.find_at(receiving.addr().unwrap()).await.unwrap();
    assert_eq!((peer.fingerprint, peer.name.as_str()), (receiver.engine.fingerprint(), "receiver"));
    assert_eq!(peer.by, FoundBy { typed: true, ..FoundBy::default() });
    let codes = send(&offering, &receiving, &receiver, asked).await;
    assert!(codes[0].is_some() && codes[0] == codes[1], "{codes:?}");
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)));
    receiving.stop().await;
    while let Some(event) = events.next().await {
        assert!(!matches!(event, ReceiveEvent::Ended(..)), "{event:?}: the distributor only looked");
    }
    let other = device("other").await.with_store(|store| _ = fill(store, 4, |_| true)).await.offer().await;
    let refused = offering.find_at(other.addr().unwrap()).await.unwrap_err();
    assert!(refused.to_string().contains("same role"), "{refused}");
    let same = offering.find_at(offering.addr().unwrap()).await.unwrap_err();
    assert!(same.to_string().contains("this device itself"), "{same}");
    let unreachable = offering.find_at(([127, 0, 0, 1], 1).into()).await.unwrap_err();
    assert!(unreachable.to_string().contains("not waiting"), "{unreachable}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_one_receiver_found_in_several_ways() {
    let (mut distributor, mut receiver) = untrusted_pair().await;
    (distributor.mdns, receiver.mdns) = (true, true);
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let (mut found, mut discovered) = (offering.subscribe(), receiving.subscribe());
    // The other direction too: the receiver discovers the distributor and dials its announced address.
    let us = distributor.engine.fingerprint();
    while !receiving.distributors().iter().any(|distributor| distributor.fingerprint == us) {
        discovered.next().await.unwrap();
    }
    let addr = receiving.distributors().into_iter().find(|one| one.fingerprint == us).unwrap().addr;
    receiving.dial(DialTarget { addr, expected: Some(us), token: None });
    let by = |offering: &OfferSession| {
        let peers = offering.peers().into_iter().map(|(peer, _)| peer);
        let mut ours = peers.filter(|peer| peer.fingerprint == receiver.engine.fingerprint()).map(|peer| peer.by);
        (ours.next(), ours.next())
    };
    let both = FoundBy { mdns: true, connected: true, ..FoundBy::default() };
    while by(&offering) != (Some(both), None) {
        found.next().await.unwrap();
    }
    receiving.disconnect();
    while by(&offering) != (Some(FoundBy { connected: false, ..both }), None) {
        found.next().await.unwrap();
    }
    receiving.stop().await;
    while by(&offering) != (None, None) {
        found.next().await.unwrap();
    }
}
