//! Grants and revocations of a campaign, between devices.

use fieldcast::{
    CampaignKey, DeviceName, EndReason, Error, Fingerprint, Grant, Policy, Role, SendState, SignedStatement, Statement,
    StatementError,
};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

use crate::device::{Device, TIMEOUT, answer_all, device, find};

/// A campaign's office, and two devices that trust it.
struct Scene {
    office: CampaignKey,
    distributor: Device,
    receiver: Device,
    _sandbox: Sandbox,
    _dir: TempDir,
}

const FAR: i64 = 4_000_000_000_000;

async fn scene(policy: Policy) -> Scene {
    let dir = TempDir::new().unwrap();
    let office = CampaignKey::create(&dir.path().join("campaign.key")).unwrap();
    let config = SandboxConfig { households: 40, boundaries: 2, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let (distributor, receiver) = (device("distributor").await, device("receiver").await);
    distributor.login(&sandbox).await;
    distributor.downsync(2).await;
    for device in [&distributor, &receiver] {
        device.engine.trust_campaign(office.public_key(), "Nets").await.unwrap();
        device.engine.set_policy(policy).await.unwrap();
    }
    Scene { office, distributor, receiver, _sandbox: sandbox, _dir: dir }
}

impl Scene {
    fn grant(&self, to: &Device, role: Role, boundaries: &[String], expires: i64) -> SignedStatement {
        let grant = Grant {
            authority: [0; 32],
            device: to.engine.fingerprint(),
            user: DeviceName::new("Asha"),
            role: Some(role),
            tenant: "mz".into(),
            project: None,
            boundaries: boundaries.to_vec(),
            expires,
        };
        self.office.grant(grant).unwrap()
    }

    async fn give(&self, to: &Device, role: Role, boundaries: &[String]) {
        to.engine.keep_statement(self.grant(to, role, boundaries, FAR)).await.unwrap();
    }

    async fn villages(&self) -> Vec<String> {
        let summaries = self.distributor.summaries().await;
        summaries.into_iter().filter_map(|summary| summary.dataset.boundary).collect()
    }

    async fn assert_refused(&self, why: EndReason) {
        let state = self.distributor.send_to(&self.receiver, true).await;
        assert!(matches!(&state, SendState::Failed(reason, _) if *reason == why), "{state:?}, not {why:?}");
        assert!(self.receiver.digests().await.is_empty(), "nothing was taken");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sends_only_granted_boundaries() {
    let scene = scene(Policy::GrantRequired).await;
    let villages = scene.villages().await;
    scene.give(&scene.distributor, Role::Distributor, &[]).await;
    scene.assert_refused(EndReason::NotGranted { to_distributor: false }).await;
    scene.give(&scene.receiver, Role::Distributor, &[]).await;
    scene.assert_refused(EndReason::NotGranted { to_distributor: false }).await; // granted for the other role

    scene.give(&scene.receiver, Role::Receiver, &villages[..1]).await;
    let state = scene.distributor.send_to(&scene.receiver, true).await;
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
    let got: Vec<_> = scene.receiver.digests().await.into_iter().filter_map(|(boundary, ..)| boundary).collect();
    assert_eq!(got, villages[..1]);

    scene.give(&scene.receiver, Role::Receiver, &villages[1..]).await;
    let state = scene.distributor.send_to(&scene.receiver, true).await;
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
    assert_eq!(scene.receiver.digests().await, scene.distributor.digests().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_distributor_without_a_grant() {
    let scene = scene(Policy::GrantRequired).await;
    scene.give(&scene.receiver, Role::Receiver, &[]).await;
    scene.assert_refused(EndReason::NotGranted { to_distributor: true }).await;
    assert_eq!(scene.receiver.engine.history(9).await.unwrap(), [], "unknown devices add no history");
    let villages = scene.villages().await;
    scene.give(&scene.distributor, Role::Distributor, &villages[..1]).await;
    scene.assert_refused(EndReason::NotGranted { to_distributor: true }).await; // granted for one of the two
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_expired_grant() {
    let scene = scene(Policy::GrantRequired).await;
    scene.give(&scene.distributor, Role::Distributor, &[]).await;
    let expired = scene.grant(&scene.receiver, Role::Receiver, &[], 1_700_000_000_000);
    scene.receiver.engine.keep_statement(expired).await.unwrap();
    scene.assert_refused(EndReason::NotGranted { to_distributor: false }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_revoked_devices_and_passes_revocations_on() {
    let scene = scene(Policy::Ask).await;
    let list = scene.office.revoke(1, vec![scene.receiver.engine.fingerprint(), Fingerprint([7; 32])]).unwrap();
    scene.distributor.engine.keep_statement(list).await.unwrap();
    scene.assert_refused(EndReason::Revoked { of_distributor: false }).await;

    // The list is sent in every exchange, and the higher number wins.
    let third = device("third").await;
    third.engine.trust_campaign(scene.office.public_key(), "Nets").await.unwrap();
    let state = scene.distributor.send_to(&third, true).await;
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
    let received = third.engine.campaigns().await.unwrap().remove(0).revocations.unwrap();
    let received = third.engine.keep_statement(SignedStatement::from_text(&received).unwrap()).await.unwrap();
    assert!(matches!(received, Statement::Revocations(list) if list.number == 1 && list.devices.len() == 2));

    let empty_list = scene.office.revoke(2, vec![]).unwrap();
    scene.distributor.engine.keep_statement(empty_list).await.unwrap();
    let state = scene.distributor.send_to(&scene.receiver, true).await;
    assert!(matches!(state, SendState::Saved(_)), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn passes_revocations_to_the_next_receiver() {
    let scene = scene(Policy::Ask).await;
    let next = device("next").await;
    next.engine.trust_campaign(scene.office.public_key(), "Nets").await.unwrap();
    let list = scene.office.revoke(1, vec![Fingerprint([7; 32])]).unwrap();
    scene.receiver.engine.keep_statement(list).await.unwrap();
    let (knows, hears) = (scene.receiver.receive().await, next.receive().await);
    let (mut asked, mut asked_next) = (knows.subscribe(), hears.subscribe());
    let offering = scene.distributor.offer().await;
    let mut found = offering.subscribe();
    let sending = async {
        for device in [&scene.receiver, &next] {
            find(&offering, &mut found, device).await;
            offering.send_to(device.engine.fingerprint()).unwrap();
            offering.finished().await;
        }
    };
    tokio::select! {
        () = sending => {}
        () = answer_all(&knows, &mut asked, true) => panic!("the first stopped"),
        () = answer_all(&hears, &mut asked_next, true) => panic!("the second stopped"),
        () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
    }
    assert_eq!(next.engine.campaigns().await.unwrap()[0].revoked_number, Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_only_statements_of_trusted_campaigns() {
    let scene = scene(Policy::Ask).await;
    let engine = &scene.receiver.engine;
    let dir = TempDir::new().unwrap();
    let other_office = CampaignKey::create(&dir.path().join("key")).unwrap();
    assert!(matches!(CampaignKey::create(&dir.path().join("key")), Err(Error::CampaignKeyExists { .. })));
    assert!(matches!(CampaignKey::open(&dir.path().join("other")), Err(Error::NoCampaignKey { .. })));
    let forged = other_office.revoke(9, vec![engine.fingerprint()]).unwrap();
    assert!(matches!(engine.keep_statement(forged).await, Err(Error::UnknownCampaign)));
    let of_another = scene.grant(&scene.distributor, Role::Receiver, &[], FAR);
    assert!(matches!(engine.keep_statement(of_another).await, Err(Error::GrantOfAnother)));
    scene.give(&scene.receiver, Role::Receiver, &[]).await;
    assert_eq!(engine.held_grants().await.unwrap().len(), 1);
    assert!(engine.forget_campaign(scene.office.public_key()).await.unwrap());
    assert_eq!(engine.held_grants().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejects_older_or_conflicting_revocation_lists() {
    let scene = scene(Policy::Ask).await;
    let engine = &scene.receiver.engine;
    let list = |number, device| scene.office.revoke(number, vec![Fingerprint([device; 32])]).unwrap();
    let keep = async |list| engine.keep_statement(list).await;
    keep(list(2, 1)).await.unwrap();
    keep(list(2, 1)).await.unwrap(); // the same list again
    assert!(matches!(keep(list(1, 1)).await, Err(Error::OutdatedRevocations { number: 1, held: 2 })));
    assert!(matches!(keep(list(2, 9)).await, Err(Error::ConflictingRevocations { number: 2 })));
    let held = engine.campaigns().await.unwrap().remove(0);
    assert_eq!((held.revoked_number, held.revocations), (Some(2), Some(list(2, 1).to_text())));
    let too_many = scene.office.revoke(3, vec![Fingerprint([1; 32]); 1_300]);
    assert_eq!(too_many, Err(StatementError::TooLarge));
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_files_of_revoked_or_ungranted_devices() {
    let scene = scene(Policy::Ask).await;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("villages.fcb");
    let datasets = scene.distributor.summaries().await.into_iter().map(|summary| summary.dataset).collect();
    scene.distributor.engine.export(datasets, path.clone()).await.unwrap();
    let engine = &scene.receiver.engine;
    engine.keep_statement(scene.office.revoke(1, vec![scene.distributor.engine.fingerprint()]).unwrap()).await.unwrap();
    let refused = engine.import(path.clone()).await;
    assert!(matches!(refused, Err(Error::Refused(EndReason::Revoked { of_distributor: true }))), "{refused:?}");
    engine.keep_statement(scene.office.revoke(2, vec![]).unwrap()).await.unwrap();
    engine.set_policy(Policy::GrantRequired).await.unwrap();
    let refused = engine.import(path.clone()).await;
    assert!(matches!(refused, Err(Error::Refused(EndReason::NotGranted { to_distributor: true }))), "{refused:?}");
    engine.set_policy(Policy::Ask).await.unwrap();
    engine.import(path).await.unwrap();
}
