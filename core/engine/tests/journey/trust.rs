//! Identity of devices.

use std::collections::BTreeSet;

use fieldcast::{Answer, EndReason, OfferEvent, Question, ReceiveEvent, Sas, SendState, Trust};

use crate::device::{Device, TIMEOUT, device, find, state_of};
use crate::filled::fill;

/// The codes on the two screens during one send, and the final state.
struct Shown {
    distributor: Option<Sas>,
    receiver: Option<Sas>,
    end: SendState,
}

/// Sends with these answers of the two users.
async fn send(from: &Device, to: &Device, [distributor, receiver]: [Answer; 2]) -> Shown {
    let receiving = to.receive().await;
    let mut asked = receiving.subscribe();
    let offering = from.offer().await;
    let (mut found, mut compared) = (offering.subscribe(), offering.subscribe());
    let (mut codes, mut shown) = ((None, None), (None, None));
    let sending = async {
        find(&offering, &mut found, to).await;
        offering.send_to(to.engine.fingerprint()).unwrap();
        offering.finished().await;
    };
    let answering = async {
        loop {
            tokio::select! {
                Some(event) = asked.next() => match event {
                    ReceiveEvent::Asked(Question { id, code, is_known, .. }) => {
                        (codes.1, shown.1) = ((!is_known).then_some(code), Some(code));
                        receiving.answer(id, receiver);
                    }
                    ReceiveEvent::Resumed(_, code) => shown.1 = Some(code),
                    _ => {}
                },
                Some(event) = compared.next() => match event {
                    OfferEvent::Compare(peer, code) => {
                        (codes.0, shown.0) = (Some(code), Some(code));
                        assert_eq!(offering.open_comparisons(), [(peer.fingerprint, code)]);
                        offering.answer(peer.fingerprint, distributor);
                    }
                    OfferEvent::Sas(_, code) => shown.0 = Some(code),
                    _ => {}
                },
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = answering => {}
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    receiving.stop().await;
    let end = state_of(&offering, to);
    if let SendState::Saved(_) = end {
        assert!(shown.0.is_some() && shown.0 == shown.1, "both screens show the code");
    }
    Shown { distributor: codes.0, receiver: codes.1, end }
}

fn compare() -> Trust {
    Trust::Compare(BTreeSet::new())
}

async fn untrusted_pair() -> (Device, Device) {
    let (mut distributor, mut receiver) = (device("distributor").await, device("receiver").await);
    distributor = distributor.with_store(|store| _ = fill(store, 40, |_| true)).await;
    (distributor.trust, receiver.trust) = (compare(), compare());
    (distributor, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn compares_code_once_then_trusts_the_device() {
    let (distributor, receiver) = untrusted_pair().await;
    let first = send(&distributor, &receiver, [Answer::Trust, Answer::Trust]).await;
    assert!(matches!(first.end, SendState::Saved(_)), "{:?}", first.end);
    assert!(first.distributor.is_some() && first.distributor == first.receiver);
    let known = distributor.engine.trusted_peers().await.unwrap();
    assert_eq!(
        (known.len(), known[0].fingerprint, known[0].name.as_str()),
        (1, receiver.engine.fingerprint(), "receiver")
    );

    let again = send(&distributor, &receiver, [Answer::Decline, Answer::Once]).await;
    assert!(matches!(again.end, SendState::Saved(_)), "{:?}", again.end);
    assert_eq!((again.distributor, again.receiver), (None, None), "no user compares the code again");

    assert!(distributor.engine.forget_peer(receiver.engine.fingerprint()).await.unwrap());
    assert!(!distributor.engine.forget_peer(receiver.engine.fingerprint()).await.unwrap());
    let forgotten = send(&distributor, &receiver, [Answer::CodesDiffer, Answer::Once]).await;
    assert!(forgotten.distributor.is_some());
    assert!(matches!(forgotten.end, SendState::Failed(EndReason::CodesDiffer, _)), "{:?}", forgotten.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_no_trust_after_once() {
    let (distributor, receiver) = untrusted_pair().await;
    let first = send(&distributor, &receiver, [Answer::Once, Answer::Once]).await;
    assert!(matches!(first.end, SendState::Saved(_)), "{:?}", first.end);
    assert_eq!(distributor.engine.trusted_peers().await.unwrap(), []);
    assert_eq!(receiver.engine.trusted_peers().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_nothing_if_codes_differ() {
    let cases = [
        ([Answer::CodesDiffer, Answer::Once], EndReason::CodesDiffer),
        ([Answer::Once, Answer::CodesDiffer], EndReason::CodesDiffer),
        ([Answer::Decline, Answer::Once], EndReason::NotConfirmed),
    ];
    let (distributor, receiver) = untrusted_pair().await;
    // One after another on the same devices: a consent to a stopped bundle must not count for the next one.
    for (answers, reason) in cases {
        let shown = send(&distributor, &receiver, answers).await;
        assert!(matches!(&shown.end, SendState::Failed(ended, _) if *ended == reason), "{:?}", shown.end);
        assert_eq!(receiver.digests().await, [], "nothing was taken");
        assert_eq!(receiver.engine.trusted_peers().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compares_no_code_for_pinned_key() {
    let (mut distributor, mut receiver) = untrusted_pair().await;
    distributor.trust = Trust::Compare(BTreeSet::from([receiver.engine.fingerprint()]));
    receiver.trust = Trust::Compare(BTreeSet::from([distributor.engine.fingerprint()]));
    let shown = send(&distributor, &receiver, [Answer::Decline, Answer::Once]).await;
    assert_eq!((shown.distributor, shown.receiver), (None, None));
    assert!(matches!(shown.end, SendState::Saved(_)), "{:?}", shown.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn shows_code_on_both_screens_if_one_compares() {
    for receiver_knows in [true, false] {
        let (mut distributor, mut receiver) = untrusted_pair().await;
        let knows = |whom: &Device| Trust::Compare(BTreeSet::from([whom.engine.fingerprint()]));
        match receiver_knows {
            true => receiver.trust = knows(&distributor),
            false => distributor.trust = knows(&receiver),
        }
        let sent = send(&distributor, &receiver, [Answer::Once, Answer::Once]).await;
        assert!(matches!(sent.end, SendState::Saved(_)), "{:?}", sent.end);
        assert_eq!((sent.distributor.is_some(), sent.receiver.is_some()), (receiver_knows, !receiver_knows));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trusts_key_only_after_both_users_compared() {
    let (distributor, receiver) = untrusted_pair().await;
    for answers in [[Answer::Trust, Answer::CodesDiffer], [Answer::CodesDiffer, Answer::Trust]] {
        send(&distributor, &receiver, answers).await;
        assert_eq!(distributor.engine.trusted_peers().await.unwrap(), []);
        assert_eq!(receiver.engine.trusted_peers().await.unwrap(), []);
    }
    // The same for a key that was given beforehand: no code was compared.
    let (distributor, mut receiver) = untrusted_pair().await;
    receiver.trust = Trust::Compare(BTreeSet::from([distributor.engine.fingerprint()]));
    send(&distributor, &receiver, [Answer::Once, Answer::Trust]).await;
    assert_eq!(receiver.engine.trusted_peers().await.unwrap(), []);
}
