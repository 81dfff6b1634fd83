//! Forged announcements of a receiver's address.

use fieldcast::{DeviceName, Fingerprint, SendState, choose_interface};
use fieldcast_net::{Announced, Announcement, Identity, Listener, announce};
use fieldcast_wire::{PROTOCOL, Role};
use tokio::task::JoinHandle;

use crate::device::{TIMEOUT, answer_all, device, find, state_of};
use crate::filled::fill;

/// Another device that accepts every connection and announces this receiver's fingerprint.
async fn spoof(receiver: Fingerprint) -> (Announced, JoinHandle<()>) {
    let (mallory, interface) = (Identity::generate().unwrap(), choose_interface(Some("127.0.0.1")).unwrap());
    let mut listener = Listener::bind(&interface, 0, &mallory).await.unwrap();
    let port = listener.addr().port();
    let name = DeviceName::new("receiver");
    let announcement =
        Announcement { fingerprint: receiver, name, role: Role::Receiver, port, protocol: PROTOCOL, session: 1 };
    let announced = announce(&interface, &announcement).unwrap();
    let answering = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    (announced, answering)
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_sending_despite_spoofed_address() {
    let distributor = device("spoofed").await.with_store(|store| _ = fill(store, 40, |_| true)).await;
    let receiver = device("spoofed-receiver").await;
    let (_announced, answering) = spoof(receiver.engine.fingerprint()).await;
    let offering = distributor.offer().await;
    let (mut found, mut states) = (offering.subscribe(), offering.subscribe());
    find(&offering, &mut found, &receiver).await;
    offering.send_to(receiver.engine.fingerprint()).unwrap();
    let lost = async {
        while !matches!(state_of(&offering, &receiver), SendState::Lost(_)) {
            states.next().await.unwrap();
        }
    };
    tokio::time::timeout(TIMEOUT, lost).await.unwrap();
    let receiving = receiver.receive().await;
    let mut asked = receiving.subscribe();
    tokio::select! {
        () = offering.finished() => {}
        () = answer_all(&receiving, &mut asked, true) => panic!("the receiver stopped"),
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    assert!(matches!(state_of(&offering, &receiver), SendState::Saved(_)));
    answering.abort();
}
