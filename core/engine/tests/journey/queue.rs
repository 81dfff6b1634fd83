//! More receivers than transfer slots.

use fieldcast::{Fingerprint, OfferEvent, SendState};

use crate::device::{TIMEOUT, answer_all, device, find};
use crate::filled::fill;

#[tokio::test(flavor = "multi_thread")]
async fn queues_second_receiver_for_the_only_slot() {
    let mut distributor = device("queue").await.with_store(|store| _ = fill(store, 60, |_| true)).await;
    distributor.max_live = 1;
    let devices = [device("queue-1").await, device("queue-2").await];
    let (one, other) = (devices[0].receive().await, devices[1].receive().await);
    let (mut asked_one, mut asked_other) = (one.subscribe(), other.subscribe());
    let offering = distributor.offer().await;
    let mut found = offering.subscribe();
    let mut steps: Vec<(Fingerprint, SendState)> = Vec::new();
    let sending = async {
        for device in &devices {
            find(&offering, &mut found, device).await;
        }
        let mut events = offering.subscribe();
        for device in &devices {
            offering.send_to(device.engine.fingerprint()).unwrap();
        }
        while steps.iter().filter(|(_, state)| state.is_final()).count() < devices.len() {
            if let OfferEvent::Changed(peer, state) = events.next().await.unwrap() {
                steps.push((peer, state));
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = answer_all(&one, &mut asked_one, true) => panic!("the first stopped"),
        () = answer_all(&other, &mut asked_other, true) => panic!("the second stopped"),
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    let first = steps.iter().find(|(_, state)| *state == SendState::Connecting).unwrap().0;
    // Its slot is released a moment before its final state is published.
    let busy = steps.iter().rposition(|(peer, state)| *peer == first && !state.is_final()).unwrap();
    assert!(matches!(steps[busy].1, SendState::Applying(_)), "{steps:?}");
    let meanwhile: Vec<_> = steps[..busy].iter().filter(|(peer, _)| *peer != first).collect();
    assert!(matches!(meanwhile[..], [(_, SendState::Queued)]), "{meanwhile:?}");
    let saved = steps.iter().filter(|(_, state)| matches!(state, SendState::Saved(_)));
    assert_eq!(saved.count(), 2, "{steps:?}");
    for device in &devices {
        assert_eq!(device.digests().await, distributor.digests().await);
    }
}
