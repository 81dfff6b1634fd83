//! From the server through one phone to another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fieldcast_ffi::{
    Answer, EndReason, EntityType, Event, EventListener, ExchangeOptions, ExchangeRole, FieldcastError, Fingerprint,
    OfferSession, Outcome, RecordQuery, SendState, parse_invite,
};

use crate::listener::{Blocks, Throws, listener};
use crate::phone::{Phone, options, phone, server, wait};

#[test]
fn transfers_downloaded_data_to_receiver() {
    let server = server();
    let ((listener, distributor_events), (receiver_listener, receiver_events)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-distributor", listener), phone("ffi-receiver", receiver_listener));
    distributor.downsync(&server, 2);
    distributor_events.wait_for(|event| matches!(event, Event::BoundaryDone { .. }).then_some(()));
    distributor_events.wait_for(|event| matches!(event, Event::Over { session: 1 }).then_some(()));

    let receiving = wait(receiver.fieldcast.start_receive(options())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options())).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    distributor_events.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => (receiver.fingerprint == who).then_some(()),
        _ => None,
    });
    offering.send_to(who).unwrap();
    let (question, shown_here) = receiver_events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some((question.id, question.code)),
        _ => None,
    });
    assert_eq!(receiving.open_question().unwrap().unwrap().id, question);
    let shown_there = distributor_events.wait_for(|event| match event {
        Event::CompareCode { code, .. } => Some(code),
        _ => None,
    });
    assert_eq!(shown_here, shown_there, "both screens show the same code");
    receiving.answer(question, Answer::Trust).unwrap();
    offering.answer(who, Answer::Trust).unwrap();
    let received = receiver_events.wait_for(|event| match event {
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
    assert!(wait(distributor.fieldcast.distribution_stats()).unwrap().iter().all(|stats| stats.saved == 1));
    let page = RecordQuery { entity: Some(EntityType::new("Household")), limit: 7, ..RecordQuery::default() };
    assert_eq!(wait(receiver.fieldcast.records(page)).unwrap().len(), 7);
    let storage = wait(receiver.fieldcast.storage()).unwrap();
    assert!(storage.used > 100_000 && storage.free > 0, "{storage:?}");
    wait(offering.stop()).unwrap();
    wait(receiving.stop()).unwrap();
    assert!(matches!(receiving.addr(), Err(FieldcastError::Over { .. })));
    receiver_events.wait_for(|event| matches!(event, Event::Over { .. }).then_some(()));
}

#[test]
fn connects_by_invite_without_mdns_or_code() {
    let server = server();
    let ((listener, distributor_events), (receiver_listener, receiver_events)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-invites", listener), phone("ffi-invited", receiver_listener));
    distributor.downsync(&server, 1);
    let quiet = ExchangeOptions { mdns: false, ..options() };
    let receiving = wait(receiver.fieldcast.start_receive(quiet.clone())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), quiet)).unwrap();
    let uri = offering.invite(None, 4_000_000_000_000).unwrap();
    let invite = parse_invite(uri.clone(), 1_000_000).unwrap();
    assert_eq!(Some(invite.addr), offering.addr().unwrap());
    assert!(matches!(parse_invite(uri.clone(), 4_000_000_000_000), Err(FieldcastError::Expired { .. })));
    receiving.dial_invite(uri, 1_000_000).unwrap();
    let found = distributor_events.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => Some(receiver),
        _ => None,
    });
    assert!(found.by.connected && !found.by.mdns, "{found:?}");
    offering.send_to(found.fingerprint).unwrap();
    let question = receiver_events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question),
        _ => None,
    });
    assert!(question.is_known, "the invite makes the sender known");
    receiving.answer(question.id, Answer::Once).unwrap();
    wait(offering.finished()).unwrap();
    assert!(has_saved(&offering, found.fingerprint));
}

#[test]
fn reports_decline_with_reason() {
    let server = server();
    let ((listener, distributor_events), (receiver_listener, receiver_events)) = (listener(), listener());
    let (distributor, receiver) = (phone("ffi-no-d", listener), phone("ffi-no-r", receiver_listener));
    distributor.downsync(&server, 1);
    let receiving = wait(receiver.fieldcast.start_receive(options())).unwrap();
    let offering = wait(distributor.fieldcast.start_offer(distributor.datasets(), options())).unwrap();
    let who = receiver.fieldcast.device().unwrap().fingerprint;
    assert!(matches!(
        offering.send_to(distributor.fieldcast.device().unwrap().fingerprint),
        Err(FieldcastError::NotNearby { .. })
    ));
    distributor_events.wait_for(|event| match event {
        Event::ReceiverFound { receiver, .. } => (receiver.fingerprint == who).then_some(()),
        _ => None,
    });
    offering.send_to(who).unwrap();
    let question = receiver_events.wait_for(|event| match event {
        Event::Asked { question, .. } => Some(question.id),
        _ => None,
    });
    receiving.answer(question, Answer::Decline).unwrap();
    let ending = distributor_events.wait_for(|event| match event {
        Event::SendChanged { state: SendState::Failed { ending, .. }, .. } => Some(ending),
        _ => None,
    });
    assert_eq!(ending.reason, EndReason::Declined);
    assert!(receiver.digests().is_empty());
}

/// Sends between phones with these listeners, without user actions, and returns the duration.
fn transfer_time(listeners: [Arc<dyn EventListener>; 2], name: &str) -> Duration {
    let server = server();
    let [there, here] = listeners;
    let distributor: Phone = phone(&format!("{name}-d"), there);
    let receiver = phone(&format!("{name}-r"), here);
    distributor.downsync(&server, 4);
    let trusting = ExchangeOptions { accept_all: true, ..options() };
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

/// Polls a condition, because the listeners here report nothing.
fn until(mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the condition did not become true");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn transfers_despite_blocking_or_failing_listeners() {
    let took = transfer_time([Arc::new(Blocks), Arc::new(Blocks)], "ffi-blocks");
    assert!(took < Duration::from_secs(20), "{took:?}");
    let took = transfer_time([Arc::new(Throws), Arc::new(Throws)], "ffi-throws");
    assert!(took < Duration::from_secs(20), "{took:?}");
}
