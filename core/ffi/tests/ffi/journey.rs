//! From the server over one phone to the other.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    Answer, EndReason, EntityType, Event, EventListener, ExchangeOptions, ExchangeRole, FieldcastError, Fingerprint,
    OfferSession, Outcome, RecordQuery, SendState, parse_invite,
};

use crate::listener::{Blocks, Throws, listener};
use crate::phone::{Phone, options, phone, server, wait};

#[test]
fn what_was_downloaded_is_offered_compared_accepted_and_saved() {
    let server = server();
    let ((ears, heard_there), (other_ears, heard_here)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-distributor", ears), phone("ffi-receiver", other_ears));
    distributor.downsync(&server, 2);
    heard_there.wait_for(|event| matches!(event, Event::BoundaryDone { .. }).then_some(()));
    heard_there.wait_for(|event| matches!(event, Event::Over { session: 1 }).then_some(()));

    let receiving = wait(receiver.fieldcast.start_receive(options())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options())).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    heard_there.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => (receiver.fingerprint == who).then_some(()),
        _ => None,
    });
    offering.send_to(who).unwrap();
    let (question, shown_here) = heard_here.wait_for(|event| match event {
        Event::Asked { question, .. } => Some((question.id, question.code)),
        _ => None,
    });
    assert_eq!(receiving.open_question().unwrap().unwrap().id, question);
    let shown_there = heard_there.wait_for(|event| match event {
        Event::CompareCode { code, .. } => Some(code),
        _ => None,
    });
    assert_eq!(shown_here, shown_there, "both screens show the same code");
    receiving.answer(question, Answer::Trust).unwrap();
    offering.answer(who, Answer::Trust).unwrap();
    let received = heard_here.wait_for(|event| match event {
        Event::Saved { received, .. } => Some(received),
        Event::Ended { ending, .. } => panic!("{ending:?}"),
        _ => None,
    });
    wait(offering.finished()).unwrap();
    assert_eq!(received.offer.snapshots.len(), 3);
    assert_eq!(distributor.digests(), receiver.digests());
    assert!(has_saved(&offering, who));

    assert_eq!(wait(receiver.fieldcast.trusted_peers()).unwrap().len(), 1);
    let past = wait(distributor.fieldcast.history(10)).unwrap();
    assert_eq!((past.len(), past[0].role), (1, ExchangeRole::Sent));
    assert!(matches!(past[0].outcome, Outcome::Saved { receipt_holds: true, .. }), "{past:?}");
    assert!(wait(distributor.fieldcast.distribution_stats()).unwrap().iter().all(|reach| reach.saved == 1));
    let page = RecordQuery { entity: Some(EntityType::new("Household")), limit: 7, ..RecordQuery::default() };
    assert_eq!(wait(receiver.fieldcast.records(page)).unwrap().len(), 7);
    let storage = wait(receiver.fieldcast.storage()).unwrap();
    assert!(storage.used > 100_000 && storage.free > 0, "{storage:?}");
    wait(offering.stop()).unwrap();
    wait(receiving.stop()).unwrap();
    assert!(matches!(receiving.addr(), Err(FieldcastError::Over { .. })));
    heard_here.wait_for(|event| matches!(event, Event::Over { .. }).then_some(()));
}

#[test]
fn an_invite_that_was_read_brings_the_devices_together_without_mdns_or_a_code() {
    let server = server();
    let ((ears, heard_there), (other_ears, heard_here)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-invites", ears), phone("ffi-invited", other_ears));
    distributor.downsync(&server, 1);
    let quiet = ExchangeOptions { mdns: false, ..options() };
    let receiving = wait(receiver.fieldcast.start_receive(quiet.clone())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), quiet)).unwrap();
    let uri = offering.invite(None, 4_000_000_000_000).unwrap();
    let invite = parse_invite(uri.clone(), 1_000_000).unwrap();
    assert_eq!(Some(invite.addr), offering.addr().unwrap());
    assert!(matches!(parse_invite(uri.clone(), 4_000_000_000_000), Err(FieldcastError::Expired { .. })));
    receiving.dial_invite(uri, 1_000_000).unwrap();
    let found = heard_there.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => Some(receiver),
        _ => None,
    });
    assert!(found.by.called_in && !found.by.mdns, "{found:?}");
    offering.send_to(found.fingerprint).unwrap();
    let question = heard_here.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question),
        _ => None,
    });
    assert!(question.is_known, "the invite was read");
    receiving.answer(question.id, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert!(has_saved(&offering, found.fingerprint));
}

#[test]
fn a_no_is_told_with_its_reason() {
    let server = server();
    let ((ears, heard_there), (other_ears, heard_here)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-no-d", ears), phone("ffi-no-r", other_ears));
    distributor.downsync(&server, 1);
    let receiving = wait(receiver.fieldcast.start_receive(options())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options())).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    assert!(matches!(
        offering.send_to(distributor.fieldcast.device().unwrap().fingerprint),
        Err(FieldcastError::NotNearby { .. })
    ));
    heard_there.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => (receiver.fingerprint == who).then_some(()),
        _ => None,
    });
    offering.send_to(who).unwrap();
    let question = heard_here.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Decline).unwrap();
    let ending = heard_there.wait_for(|event| match event {
        Event::SendChanged { state: SendState::Failed { ending, .. }, .. } => Some(ending),
        _ => None,
    });
    assert_eq!(ending.reason, EndReason::Declined);
    assert!(receiver.digests().is_empty());
}

/// Sends between phones with these listeners, nobody looking, and tells how long it took.
fn rehearsed(listeners: [Arc<dyn EventListener>; 2], name: &str) -> Duration {
    let server = server();
    let [there, here] = listeners;
    let distributor: Phone = phone(&format!("{name}-d"), there);
    let receiver = phone(&format!("{name}-r"), here);
    distributor.downsync(&server, 4);
    let trusting = ExchangeOptions { trust_everybody: true, ..options() };
    let receiving = wait(receiver.fieldcast.start_receive(trusting.clone())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), trusting)).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    let begun = Instant::now();
    until(|| offering.send_to(who).is_ok());
    let mut question = None;
    until(|| {
        question = receiving.open_question().unwrap();
        question.is_some()
    });
    receiving.answer(question.unwrap().id, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    let took = begun.elapsed();
    assert!(has_saved(&offering, who));
    assert_eq!(distributor.digests(), receiver.digests());
    wait(receiver.fieldcast.shut_down()).unwrap();
    wait(distributor.fieldcast.shut_down()).unwrap();
    took
}

fn has_saved(offering: &OfferSession, who: Fingerprint) -> bool {
    let receivers = offering.receivers().unwrap();
    receivers.iter().any(|found| found.peer.fingerprint == who && matches!(found.state, SendState::Saved { .. }))
}

/// Looks again and again: the listeners here tell nothing.
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn listeners_that_never_return_or_throw_neither_stop_nor_slow_a_transfer() {
    let took = rehearsed([Arc::new(Blocks), Arc::new(Blocks)], "ffi-blocks");
    assert!(took < Duration::from_secs(20), "{took:?}");
    let took = rehearsed([Arc::new(Throws), Arc::new(Throws)], "ffi-throws");
    assert!(took < Duration::from_secs(20), "{took:?}");
}
