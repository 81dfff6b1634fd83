//! The history of exchanges, and receipts that can be verified.

use std::time::Duration;

use fieldcast::{DeviceName, EndReason, ExchangeResult, ExchangeRole, PastExchange, Role, SendState, choose_interface};
use fieldcast_net::{Announcement, Connection, Identity, Listener, announce, random};
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{
    Action, Applied, CODE_LABEL, ChunkSet, ComparisonResult, Credentials, Handshake, HandshakeParameters,
    HandshakeSecret, Limits, Message, PROTOCOL, Receipt, Receiver, ReceiverRequest, SavedSnapshot,
};

use crate::device::{Device, TIMEOUT, device};
use crate::filled::fill;

async fn pair() -> (Device, Device) {
    let (distributor, receiver) = (device("distributor").await, device("receiver").await);
    (distributor.with_store(|store| _ = fill(store, 40, |_| true)).await, receiver)
}

async fn history(of: &Device) -> Vec<PastExchange> {
    of.engine.history(10).await.unwrap()
}

/// The newest exchange: this device's role, the result, and whether the receipt is valid.
async fn newest(of: &Device) -> (ExchangeRole, String, Option<bool>) {
    let PastExchange { exchange, receipt, .. } = history(of).await.remove(0);
    let result = match exchange.result {
        ExchangeResult::Saved { .. } => "saved".to_owned(),
        ExchangeResult::Ended { code, .. } => code,
    };
    (exchange.role, result, receipt)
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_same_history_and_receipt_on_both_sides() {
    let (distributor, receiver) = pair().await;
    assert!(matches!(distributor.send_to(&receiver, false).await, SendState::Failed(EndReason::Declined, _)));
    assert_eq!(newest(&distributor).await, (ExchangeRole::Sent, "declined".to_owned(), None));
    assert_eq!(newest(&receiver).await, (ExchangeRole::Received, "declined".to_owned(), None));

    let SendState::Saved(sent) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(newest(&distributor).await, (ExchangeRole::Sent, "saved".to_owned(), Some(true)));
    assert_eq!(newest(&receiver).await, (ExchangeRole::Received, "saved".to_owned(), Some(true)));
    let [there, here] = [history(&distributor).await.remove(0), history(&receiver).await.remove(0)];
    assert_eq!(there.exchange.result, here.exchange.result, "the same receipt");
    assert_eq!(there.exchange.offered, distributor.summaries().await);
    assert_eq!(there.exchange.offered, here.exchange.offered);
    assert_eq!((there.exchange.peer, there.exchange.wire_bytes), (receiver.engine.fingerprint(), sent.progress.wire));
    assert_eq!(
        (here.exchange.peer, here.exchange.peer_name.as_str()),
        (distributor.engine.fingerprint(), "distributor")
    );
    assert_eq!((history(&distributor).await.len(), history(&receiver).await.len()), (2, 2));
    // The same offer again brings nothing and asks no question. Only the distributor adds a history entry.
    assert!(matches!(distributor.send_to(&receiver, false).await, SendState::Saved(_)));
    assert_eq!((history(&distributor).await.len(), history(&receiver).await.len()), (3, 2));
    assert_eq!(newest(&receiver).await, (ExchangeRole::Received, "saved".to_owned(), Some(true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_devices_that_saved_a_version() {
    let (distributor, first) = pair().await;
    assert_eq!(distributor.engine.distribution_stats().await.unwrap(), [], "nothing was sent yet");
    let second = device("second").await;
    distributor.send_to(&first, true).await;
    distributor.send_to(&first, true).await;
    distributor.send_to(&second, false).await;
    let distribution_stats = distributor.engine.distribution_stats().await.unwrap();
    let counted: Vec<_> = distribution_stats.iter().map(|stats| (stats.saved, stats.picked)).collect();
    assert_eq!(counted, vec![(1, 2); distributor.summaries().await.len()]);
    assert_eq!(first.engine.distribution_stats().await.unwrap(), [], "it has not sent anything");
}

/// A receiver that requests nothing and at once claims to have saved everything, with a signature of its choice.
async fn claim(connection: Connection, sign: impl Fn(&[u8]) -> [u8; 64]) -> Option<EndReason> {
    let distributor = connection.peer();
    let secret = HandshakeSecret { exporter: connection.exporter(CODE_LABEL, &[]).unwrap(), nonce: random().unwrap() };
    let (name, credentials) = (DeviceName::new("liar"), Credentials::default());
    let parameters = HandshakeParameters { name, secret, credentials, session: 1, invite: None };
    let handshake = Handshake::new(Role::Receiver, parameters);
    let mut machine = Receiver::new(handshake, Limits::default(), Duration::ZERO);
    let (mut reader, mut writer) = connection.split();
    let (mut claimed, mut offered) = (Vec::new(), None);
    loop {
        while let Some(action) = machine.poll() {
            match action {
                Action::Send(message) => {
                    writer.write(FrameKind::Control, &message.encode()).await.unwrap();
                    writer.flush().await.unwrap();
                }
                Action::Do(ReceiverRequest::Permit) => machine.permit(Ok(())),
                Action::Do(ReceiverRequest::Authorize(_)) => machine.authorized(Ok(false)),
                Action::Do(ReceiverRequest::Ask) => unreachable!("no question was requested"),
                Action::Do(ReceiverRequest::Accept { .. }) => {
                    let offer = machine.offer().unwrap().clone();
                    let nothing = fieldcast_wire::Held::NOTHING;
                    machine.accept(Ok(vec![nothing; offer.snapshots.len()]), Duration::ZERO);
                    let equal = |summary: &fieldcast::SnapshotSummary| SavedSnapshot {
                        digest: summary.digest,
                        comparison: ComparisonResult::Equal,
                    };
                    claimed = offer.snapshots.iter().map(equal).collect();
                    offered = Some(fieldcast_wire::offer_id(&distributor, &offer.snapshots));
                }
                Action::Do(ReceiverRequest::Apply) => {
                    let signature = sign(&Receipt::signed(&distributor, &offered.unwrap(), &claimed, 0));
                    let receipt = Receipt { saved: claimed.clone(), at: 0, signature: fieldcast::Signature(signature) };
                    machine.applied(Ok(Applied::Saved(receipt)), Duration::ZERO);
                }
                Action::Entered(_) | Action::Close => {}
            }
        }
        match reader.read().await {
            Ok((FrameKind::Manifest, _)) => {
                assert!(machine.on_manifest(Duration::ZERO));
                machine.want(Ok(ChunkSet::default()), Duration::ZERO);
            }
            Ok((_, payload)) => match Message::decode(&payload).unwrap() {
                Message::Stop(reason) => return Some(reason),
                message => machine.on_message(message, Duration::ZERO),
            },
            Err(_) => return None,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_receipt_signed_by_another_key() {
    let (distributor, _) = pair().await;
    let [identity, other] = [Identity::generate().unwrap(), Identity::generate().unwrap()];
    let interface = choose_interface(Some("127.0.0.1")).unwrap();
    for (key, is_believed) in [(&other, false), (&identity, true)] {
        let mut listener = Listener::bind(&interface, 0, &identity).await.unwrap();
        let announcement = Announcement {
            fingerprint: identity.fingerprint(),
            name: DeviceName::new("announced by anyone"),
            role: Role::Receiver,
            port: listener.addr().port(),
            protocol: PROTOCOL,
            session: identity.session(),
        };
        let _announced = announce(&interface, &announcement).unwrap();
        let offering = distributor.offer().await;
        let mut found = offering.subscribe();
        let sending = async {
            while offering.send_to(identity.fingerprint()).is_err() {
                found.next().await.unwrap();
            }
            offering.finished().await;
        };
        let claiming = async { claim(listener.accept().await.unwrap(), |message| key.sign(message)).await };
        let both = async { tokio::join!(sending, claiming).1 };
        let reason = tokio::time::timeout(TIMEOUT, both).await.unwrap();
        let (_, result, receipt) = newest(&distributor).await;
        let name = history(&distributor).await.remove(0).exchange.peer_name;
        assert_eq!(name.as_str(), "liar", "the name that it sent under its key");
        match is_believed {
            false => {
                assert_eq!((reason, result.as_str(), receipt), (Some(EndReason::NotSigned), "not_signed", None));
                assert!(distributor.engine.distribution_stats().await.unwrap().iter().all(|stats| stats.saved == 0));
            }
            true => assert_eq!((reason, result.as_str(), receipt), (None, "saved", Some(true))),
        }
        offering.stop().await;
    }
}
