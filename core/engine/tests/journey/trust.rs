//! Who is believed to be who.

use std::collections::BTreeSet;

use fieldcast::{Answer, Code, OfferEvent, Question, Reason, ReceiveEvent, SendState, Trust};

use crate::device::{Device, PATIENCE, device, find, state_of};
use crate::filled::fill;

/// What the two screens showed on one send, and how it ended.
struct Shown {
    distributor: Option<Code>,
    receiver: Option<Code>,
    end: SendState,
}

/// Sends with a person on each side, who answer thus.
async fn send(from: &Device, to: &Device, [distributor, receiver]: [Answer; 2]) -> Shown {
    let receiving = to.receive().await;
    let mut asked = receiving.subscribe();
    let offering = from.offer().await;
    let (mut found, mut compared) = (offering.subscribe(), offering.subscribe());
    let mut codes = (None, None);
    let sending = async {
        find(&offering, &mut found, to).await;
        offering.send_to(to.engine.fingerprint()).unwrap();
        offering.finished().await;
    };
    let people = async {
        loop {
            tokio::select! {
                Some(event) = asked.next() => if let ReceiveEvent::Asked(Question { id, code, .. }) = event {
                    codes.1 = code;
                    receiving.answer(id, receiver);
                },
                Some(event) = compared.next() => if let OfferEvent::Compare(peer, code) = event {
                    codes.0 = Some(code);
                    assert_eq!(offering.open_comparisons(), [(peer.fingerprint, code)]);
                    offering.answer(peer.fingerprint, distributor);
                },
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = people => {}
        () = tokio::time::sleep(PATIENCE) => panic!("still {:?}", offering.peers()),
    }
    receiving.stop().await;
    Shown { distributor: codes.0, receiver: codes.1, end: state_of(&offering, to) }
}

fn compare() -> Trust {
    Trust::Compare(BTreeSet::new())
}

async fn strangers() -> (Device, Device) {
    let (mut distributor, mut receiver) = (device("distributor").await, device("receiver").await);
    distributor = distributor.with_store(|store| _ = fill(store, 40, |_| true)).await;
    (distributor.trust, receiver.trust) = (compare(), compare());
    (distributor, receiver)
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_see_the_same_code_once_and_know_each_other_then() {
    let (distributor, receiver) = strangers().await;
    let first = send(&distributor, &receiver, [Answer::Trust, Answer::Trust]).await;
    assert!(matches!(first.end, SendState::Saved(_)), "{:?}", first.end);
    assert!(first.distributor.is_some() && first.distributor == first.receiver);
    let known = distributor.engine.known_peers().await.unwrap();
    assert_eq!(
        (known.len(), known[0].fingerprint, known[0].name.as_str()),
        (1, receiver.engine.fingerprint(), "receiver")
    );

    let again = send(&distributor, &receiver, [Answer::Decline, Answer::Once]).await;
    assert!(matches!(again.end, SendState::Saved(_)), "{:?}", again.end);
    assert_eq!((again.distributor, again.receiver), (None, None), "nobody is asked about a code again");

    assert!(distributor.engine.forget_peer(receiver.engine.fingerprint()).await.unwrap());
    assert!(!distributor.engine.forget_peer(receiver.engine.fingerprint()).await.unwrap());
    let forgotten = send(&distributor, &receiver, [Answer::CodesDiffer, Answer::Once]).await;
    assert!(forgotten.distributor.is_some());
    assert!(matches!(forgotten.end, SendState::Failed(Reason::CodesDiffer, _)), "{:?}", forgotten.end);
}

#[tokio::test(flavor = "multi_thread")]
async fn once_is_not_remembered() {
    let (distributor, receiver) = strangers().await;
    let first = send(&distributor, &receiver, [Answer::Once, Answer::Once]).await;
    assert!(matches!(first.end, SendState::Saved(_)), "{:?}", first.end);
    assert_eq!(distributor.engine.known_peers().await.unwrap(), []);
    assert_eq!(receiver.engine.known_peers().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_differs_on_either_screen_lets_nothing_through() {
    let cases = [
        ([Answer::CodesDiffer, Answer::Once], Reason::CodesDiffer),
        ([Answer::Once, Answer::CodesDiffer], Reason::CodesDiffer),
        ([Answer::Decline, Answer::Once], Reason::NotConfirmed),
    ];
    let (distributor, receiver) = strangers().await;
    // One after another on the same devices: a yes given to what then was stopped must not count for the next.
    for (answers, reason) in cases {
        let shown = send(&distributor, &receiver, answers).await;
        assert!(matches!(&shown.end, SendState::Failed(ended, _) if *ended == reason), "{:?}", shown.end);
        assert_eq!(receiver.digests().await, [], "nothing was taken");
        assert_eq!(receiver.engine.known_peers().await.unwrap(), []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_given_beforehand_needs_no_code() {
    let (mut distributor, mut receiver) = strangers().await;
    distributor.trust = Trust::Compare(BTreeSet::from([receiver.engine.fingerprint()]));
    receiver.trust = Trust::Compare(BTreeSet::from([distributor.engine.fingerprint()]));
    let shown = send(&distributor, &receiver, [Answer::Decline, Answer::Once]).await;
    assert_eq!((shown.distributor, shown.receiver), (None, None));
    assert!(matches!(shown.end, SendState::Saved(_)), "{:?}", shown.end);
}
