//! Networks that go and come back while sessions run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldcast::{
    Answer, DialTarget, Interface, InterfaceMonitor, NetworkChange, OfferEvent, Question, ReceiveEvent, SendState,
    choose_interface,
};

use crate::calls::strangers;
use crate::device::{Device, PATIENCE, find, state_of};

/// The interfaces of two devices, to be taken away and given back.
#[derive(Clone)]
struct Network(Arc<Mutex<Vec<Interface>>>);

impl Network {
    fn of(devices: [&mut Device; 2]) -> Self {
        let network = Self(Arc::new(Mutex::new(vec![loopback()])));
        for device in devices {
            let interfaces = network.0.clone();
            let interfaces = Arc::new(move || interfaces.lock().unwrap().clone());
            device.roaming = InterfaceMonitor {
                poll_interval: Duration::from_millis(20),
                interfaces,
                ..InterfaceMonitor::default()
            };
        }
        network
    }

    fn set(&self, interfaces: Vec<Interface>) {
        *self.0.lock().unwrap() = interfaces;
    }
}

fn loopback() -> Interface {
    choose_interface(Some("127.0.0.1")).unwrap()
}

/// The next question that comes, for a person.
async fn question(events: &mut fieldcast::Subscription<ReceiveEvent>) -> Question {
    let next = async {
        loop {
            if let ReceiveEvent::Asked(question) = events.next().await.unwrap() {
                return question;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.unwrap()
}

/// The network goes while the receiver's person is being asked, and comes back as `again`; `find_again` is what people do
/// about it, if anything. Ends in saved.
async fn goes_on(mut devices: (Device, Device), again: Interface, is_called: bool) {
    let network = Network::of([&mut devices.0, &mut devices.1]);
    let (distributor, receiver) = devices;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let (mut found, mut asked) = (offering.subscribe(), receiving.subscribe());
    let call = |addr| DialTarget { addr, expected: Some(distributor.engine.fingerprint()), token: None };
    if is_called {
        receiving.dial(call(offering.addr().unwrap()));
    }
    find(&offering, &mut found, &receiver).await;
    let mut told = offering.subscribe();
    offering.send_to(receiver.engine.fingerprint()).unwrap();
    question(&mut asked).await;

    network.set(Vec::new());
    let mut changes = Vec::new();
    while changes.len() < 2 {
        if let OfferEvent::Network(change) = told.next().await.unwrap() {
            if matches!(change, NetworkChange::Gone { .. }) {
                assert_eq!((offering.addr(), state_of(&offering, &receiver).is_final()), (None, false));
                network.set(vec![again.clone()]);
            }
            changes.push(change);
        }
    }
    let addr = offering.addr().unwrap();
    assert_eq!(changes[0], NetworkChange::Gone { name: "lo".to_owned() });
    assert_eq!(changes[1], NetworkChange::Back { interface: again, addr });
    if is_called {
        receiving.dial(call(addr)); // the person was told the new address
    }
    // Nobody picks it again: that was done.
    let answered = question(&mut asked).await;
    receiving.answer(answered.id, Answer::Once);
    tokio::time::timeout(PATIENCE, offering.finished()).await.unwrap();
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)), "{:?}", state_of(&offering, &receiver));
    assert_eq!(receiver.digests().await, distributor.digests().await);
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_comes_back_is_announced_and_searched_anew_and_picked_receivers_resume() {
    let (mut distributor, mut receiver) = strangers().await;
    for device in [&mut distributor, &mut receiver] {
        (device.mdns, device.trust) = (true, fieldcast::Trust::Everybody);
    }
    // The same address on an interface that was made anew.
    goes_on((distributor, receiver), Interface { index: Some(9_999), ..loopback() }, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_other_addresses_both_sides_listen_and_call_there() {
    let (mut distributor, mut receiver) = strangers().await;
    (distributor.trust, receiver.trust) = (fieldcast::Trust::Everybody, fieldcast::Trust::Everybody);
    goes_on((distributor, receiver), Interface { addr: [127, 0, 0, 77].into(), ..loopback() }, true).await;
}
