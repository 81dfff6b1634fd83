//! The question on the receiver's screen: withdrawn, shown again, answered late.

use fieldcast::{Answer, EndReason, Question, ReceiveEvent, SendState, Subscription};

use crate::device::{TIMEOUT, device, find, state_of};
use crate::filled::fill;

async fn question(events: &mut Subscription<ReceiveEvent>) -> Question {
    loop {
        if let ReceiveEvent::Asked(question) = events.next().await.unwrap() {
            return question;
        }
    }
}

async fn end(events: &mut Subscription<ReceiveEvent>) -> EndReason {
    loop {
        if let ReceiveEvent::Ended(_, reason) = events.next().await.unwrap() {
            return reason;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_cancelled_send_on_both_sides() {
    let distributor = device("cancelling").await.with_store(|store| _ = fill(store, 60, |_| true)).await;
    let receiver = device("cancelling-receiver").await;
    let to = receiver.engine.fingerprint();
    let receiving = receiver.receive().await;
    let mut events = receiving.subscribe();
    let offering = distributor.offer().await;
    let mut found = offering.subscribe();
    let scenario = async {
        assert_eq!(receiving.open_question(), None);
        find(&offering, &mut found, &receiver).await;
        offering.send_to(to).unwrap();
        let withdrawn = question(&mut events).await;
        offering.cancel(to);
        let cancelled = EndReason::Cancelled { by_distributor: true };
        assert_eq!(end(&mut events).await, cancelled);
        offering.finished().await;
        let state = state_of(&offering, &receiver);
        assert!(matches!(&state, SendState::Failed(reason, _) if *reason == cancelled), "{state:?}");

        assert_eq!(receiving.open_question(), None, "a withdrawn question is not open");
        offering.send_to(to).unwrap();
        let asked = question(&mut events).await;
        // A screen that opens after the question finds it.
        let open = receiving.open_question().unwrap();
        assert_eq!(open, asked);
        assert_eq!(open.sender.fingerprint, distributor.engine.fingerprint());
        receiving.answer(withdrawn.id, Answer::Once);
        assert_eq!(receiving.open_question().as_ref(), Some(&open), "the answer to another question does not count");
        receiving.answer(open.id, Answer::Once);
        offering.finished().await;
        assert_eq!(receiving.open_question(), None);
    };
    tokio::time::timeout(TIMEOUT, scenario).await.unwrap();
    let state = state_of(&offering, &receiver);
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
    assert_eq!(receiver.digests().await, distributor.digests().await);
}
