//! The provenance of data that several devices pass on.

use fieldcast::{
    Answer, CampaignKey, DeviceName, EndReason, Error, Fingerprint, Provenance, Question, ReceiveEvent, SendState,
    Sender, ServerTime, Signature, SourceDevice,
};
use fieldcast_store::Arriving;
use tempfile::TempDir;

use crate::device::{Device, TIMEOUT, device, find, state_of};
use crate::filled::{change_one, fill};

/// Sends, and returns the devices that the receiver's screen named and the final state. The receiver accepts.
async fn send(from: &Device, to: &Device) -> (Option<(Sender, Vec<SourceDevice>)>, SendState) {
    let receiving = to.receive().await;
    let mut asked = receiving.subscribe();
    let offering = from.offer().await;
    let mut found = offering.subscribe();
    let mut named = None;
    let sending = async {
        find(&offering, &mut found, to).await;
        offering.send_to(to.engine.fingerprint()).unwrap();
        offering.finished().await;
    };
    let answering = async {
        while let Some(event) = asked.next().await {
            if let ReceiveEvent::Asked(Question { id, sender, sources, .. }) = event {
                named = Some((sender, sources));
                receiving.answer(id, Answer::Once);
            }
        }
    };
    tokio::select! {
        () = sending => {}
        () = answering => panic!("the receiver stopped"),
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    receiving.stop().await;
    (named, state_of(&offering, to))
}

/// A device that has downloaded a village, and two that have not.
async fn scene() -> [Device; 3] {
    let [office, first, second] = [device("office").await, device("first").await, device("second").await];
    [office.with_store(|store| _ = fill(store, 40, |_| true)).await, first, second]
}

/// A device that signed the offered data and downloaded this number of its records.
fn signer(device: &Device, records: u64) -> SourceDevice {
    let (fingerprint, name) = (device.engine.fingerprint(), device.engine.name().clone());
    SourceDevice { fingerprint, name, is_known: false, records, has_signed: true }
}

async fn as_source(device: &Device) -> SourceDevice {
    signer(device, device.summaries().await.iter().map(|summary| summary.records).sum())
}

async fn assert_named(from: &Device, to: &Device, expected: &[SourceDevice]) {
    let (named, state) = send(from, to).await;
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
    let (sender, sources) = named.unwrap();
    assert_eq!((sender.fingerprint, &sources[..]), (from.engine.fingerprint(), expected));
    assert_eq!(from.digests().await, to.digests().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_provenance_and_shows_the_carrier() {
    let [office, first, second] = scene().await;
    let provenance = as_source(&office).await;
    assert_named(&office, &first, std::slice::from_ref(&provenance)).await;
    assert_named(&first, &second, std::slice::from_ref(&provenance)).await;

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("village.fcb");
    let datasets = second.summaries().await.into_iter().map(|summary| summary.dataset).collect();
    second.engine.export(datasets, path.clone()).await.unwrap();
    let info = first.engine.inspect(path).await.unwrap();
    assert_eq!((info.sender.fingerprint, info.sources), (second.engine.fingerprint(), vec![provenance]));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_every_source_of_a_merged_version() {
    let [office, first, second] = scene().await;
    let all = as_source(&office).await;
    assert_named(&office, &first, std::slice::from_ref(&all)).await;
    let first = first.with_store(change_one).await; // its own download of one record
    let rest = SourceDevice { records: all.records - 1, has_signed: false, ..all };
    let expected = [signer(&first, 1), rest];
    assert_named(&first, &second, &expected).await;
    let third = device("third").await;
    assert_named(&second, &third, &expected).await;

    let held = |of: &Device| third.engine.datasets_of(of.engine.fingerprint());
    for of in [&office, &first] {
        assert_eq!(held(of).await.unwrap().len(), 1);
    }
    assert_eq!(held(&second).await.unwrap(), [], "it only passed the data on");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_merged_version_with_a_revoked_source() {
    let [office, first, second] = scene().await;
    send(&office, &first).await;
    let first = first.with_store(change_one).await;
    let dir = TempDir::new().unwrap();
    let campaign = CampaignKey::create(&dir.path().join("campaign.key")).unwrap();
    second.engine.trust_campaign(campaign.public_key(), "Nets").await.unwrap();
    let revoked = campaign.revoke(1, vec![office.engine.fingerprint()]).unwrap();
    second.engine.keep_statement(revoked).await.unwrap();
    let (named, state) = send(&first, &second).await;
    assert_eq!(named, None);
    assert!(matches!(&state, SendState::Failed(EndReason::SignerRevoked(_), _)), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_forged_provenance_without_a_question() {
    let [office, first, second] = scene().await;
    send(&office, &first).await;
    let forge = |store: &fieldcast_store::Store| {
        let summary = store.datasets().unwrap().remove(0).summary;
        let snapshot_hash = store.read(|reader| reader.snapshot_hash(&summary.dataset)).unwrap();
        let provenance = Provenance {
            key: [7; 32],
            name: DeviceName::new("office"),
            snapshot_hash,
            sources: Vec::new(),
            signature: Signature([1; 64]),
        };
        let arriving = Arriving {
            snapshot: &summary,
            provenance: &provenance,
            carrier: Fingerprint([7; 32]),
            carrier_name: &provenance.name,
            is_trusted: false,
            now: ServerTime(i64::MAX),
            held: None,
        };
        store.apply::<()>(&arriving, &mut || Ok(None)).unwrap();
    };
    let first = first.with_store(forge).await;
    let (named, state) = send(&first, &second).await;
    assert_eq!(named, None);
    assert!(matches!(&state, SendState::Failed(EndReason::NotAuthentic, _)), "{state:?}");
    assert!(second.digests().await.is_empty());

    let dir = TempDir::new().unwrap();
    let path = dir.path().join("village.fcb");
    let datasets = first.summaries().await.into_iter().map(|summary| summary.dataset).collect();
    first.engine.export(datasets, path.clone()).await.unwrap();
    for refused in [second.engine.inspect(path.clone()).await.err(), second.engine.import(path).await.err()] {
        assert!(matches!(refused, Some(Error::Refused(EndReason::NotAuthentic))), "{refused:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_data_of_revoked_device_from_any_sender() {
    let [office, first, second] = scene().await;
    let provenance = as_source(&office).await;
    assert_named(&office, &first, std::slice::from_ref(&provenance)).await;
    let dir = TempDir::new().unwrap();
    let campaign = CampaignKey::create(&dir.path().join("campaign.key")).unwrap();
    second.engine.trust_campaign(campaign.public_key(), "Nets").await.unwrap();
    let revoke =
        |number, devices: Vec<Fingerprint>| second.engine.keep_statement(campaign.revoke(number, devices).unwrap());
    revoke(1, vec![office.engine.fingerprint()]).await.unwrap();
    let (named, state) = send(&first, &second).await;
    assert_eq!(named, None);
    assert!(
        matches!(&state, SendState::Failed(EndReason::SignerRevoked(village), _) if village == "Cavina"),
        "{state:?}"
    );
    revoke(2, vec![]).await.unwrap();
    assert_named(&first, &second, &[provenance]).await;
}
