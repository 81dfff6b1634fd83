//! Networks that are lost and come back while sessions run.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use fieldcast::{
    Answer, DialTarget, Interface, InterfaceMonitor, NetworkChange, OfferEvent, Question, ReceiveEvent, SendState,
    choose_interface,
};

use crate::device::{Device, TIMEOUT, find, state_of};
use crate::dialing::untrusted_pair;

/// The interfaces of two devices. The test removes them and adds them again.
#[derive(Clone)]
struct Network(Arc<Mutex<Vec<Interface>>>);

impl Network {
    fn of(devices: [&mut Device; 2]) -> Self {
        let network = Self(Arc::new(Mutex::new(vec![loopback()])));
        for device in devices {
            let interfaces = network.0.clone();
            let interfaces = Arc::new(move || interfaces.lock().unwrap().clone());
            device.interface_monitor = InterfaceMonitor {
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

/// The next question for the user.
async fn question(events: &mut fieldcast::Subscription<ReceiveEvent>) -> Question {
    let next = async {
        loop {
            if let ReceiveEvent::Asked(question) = events.next().await.unwrap() {
                return question;
            }
        }
    };
    tokio::time::timeout(TIMEOUT, next).await.unwrap()
}

/// The network is lost while the receiver's user is being asked, and comes back as `again`. If `is_dialed`, the
/// receiver dials the distributor. Ends in saved.
async fn resumes_after(mut devices: (Device, Device), again: Interface, is_dialed: bool) {
    let network = Network::of([&mut devices.0, &mut devices.1]);
    let (distributor, receiver) = devices;
    let (offering, receiving) = (distributor.offer().await, receiver.receive().await);
    let (mut found, mut asked) = (offering.subscribe(), receiving.subscribe());
    let target = |addr| DialTarget { addr, expected: Some(distributor.engine.fingerprint()), token: None };
    if is_dialed {
        receiving.dial(target(offering.addr().unwrap()));
    }
    find(&offering, &mut found, &receiver).await;
    let mut events = offering.subscribe();
    offering.send_to(receiver.engine.fingerprint()).unwrap();
    question(&mut asked).await;

    network.set(Vec::new());
    let mut changes = Vec::new();
    while changes.len() < 2 {
        if let OfferEvent::Network(change) = events.next().await.unwrap() {
            if matches!(change, NetworkChange::Lost { .. }) {
                assert_eq!((offering.addr(), state_of(&offering, &receiver).is_final()), (None, false));
                network.set(vec![again.clone()]);
            }
            changes.push(change);
        }
    }
    let addr = offering.addr().unwrap();
    assert_eq!(changes[0], NetworkChange::Lost { name: "lo".to_owned() });
    assert_eq!(changes[1], NetworkChange::Available { interface: again, addr });
    if is_dialed {
        receiving.dial(target(addr)); // the user has typed the new address
    }
    // The receiver is not picked again.
    let answered = question(&mut asked).await;
    receiving.answer(answered.id, Answer::Once);
    tokio::time::timeout(TIMEOUT, offering.finished()).await.unwrap();
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)), "{:?}", state_of(&offering, &receiver));
    assert_eq!(receiver.digests().await, distributor.digests().await);
    receiving.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_picked_receivers_when_the_group_returns() {
    let (mut distributor, mut receiver) = untrusted_pair().await;
    for device in [&mut distributor, &mut receiver] {
        (device.mdns, device.trust) = (true, fieldcast::Trust::AcceptAll);
    }
    // The same address on a new interface.
    resumes_after((distributor, receiver), Interface { index: Some(9_999), ..loopback() }, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn resumes_on_a_network_with_other_addresses() {
    let (mut distributor, mut receiver) = untrusted_pair().await;
    (distributor.trust, receiver.trust) = (fieldcast::Trust::AcceptAll, fieldcast::Trust::AcceptAll);
    resumes_after((distributor, receiver), Interface { addr: [127, 0, 0, 77].into(), ..loopback() }, true).await;
}
