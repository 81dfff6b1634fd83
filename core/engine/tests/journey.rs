//! The whole journey with two engines in one process, over real HTTP, SQLite, mDNS and TLS on loopback.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that failed")]

use std::time::Duration;

use fieldcast::{
    Engine, ExchangeSettings, OfferSession, Question, Reason, ReceiveEvent, ReceiveSession, SendState, Settings,
    choose_interface,
};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

/// Whatever a test waits for comes well before this, or never.
const PATIENCE: Duration = Duration::from_secs(30);

struct Device {
    engine: Engine,
    _dir: TempDir,
}

async fn device(name: &str) -> Device {
    let dir = TempDir::new().unwrap();
    let settings = Settings { device_name: Some(name.to_owned()), ..Settings::new(dir.path()) };
    Device { engine: Engine::open(settings).await.unwrap(), _dir: dir }
}

impl Device {
    async fn login(&self, sandbox: &Sandbox) {
        self.engine.login(&sandbox.url(), "mz", "distributor", "fieldcast").await.unwrap();
        let projects = self.engine.projects().await.unwrap();
        self.engine.choose_project(Some(&projects[0].id)).await.unwrap();
    }

    async fn downsync(&self, boundaries: usize) {
        let project = self.engine.choose_project(None).await.unwrap();
        let tree = self.engine.boundaries(&project).await.unwrap();
        let codes: Vec<_> = tree.leaves().take(boundaries).map(|leaf| leaf.code.clone()).collect();
        let report = self.engine.downsync(project, &codes).await.unwrap().finished().await.unwrap();
        assert_eq!(report.done.len(), boundaries, "{:?}", report.failed);
    }

    fn settings(&self) -> ExchangeSettings {
        ExchangeSettings { resume_for: Duration::from_secs(5), ..self.engine.exchange_settings() }
    }

    async fn offer(&self) -> OfferSession {
        let datasets = self.engine.datasets().await.unwrap();
        let datasets = datasets.into_iter().map(|status| status.summary.dataset).collect();
        self.engine.offer(datasets, choose_interface(Some("127.0.0.1")).unwrap(), self.settings()).await.unwrap()
    }

    async fn receive(&self) -> ReceiveSession {
        let interface = choose_interface(Some("127.0.0.1")).unwrap();
        self.engine.receive(&interface, 0, self.settings()).await.unwrap()
    }

    /// Sends to the other device and gives how it ended; every question there is answered with `accept`.
    async fn send_to(&self, other: &Self, accept: bool) -> SendState {
        let receiving = other.receive().await;
        let mut asked = receiving.subscribe();
        let offering = self.offer().await;
        let mut found = offering.subscribe();
        let sending = async {
            while !offering.peers().iter().any(|(peer, _)| peer.fingerprint == other.engine.fingerprint()) {
                found.next().await.unwrap();
            }
            offering.send_to(other.engine.fingerprint()).unwrap();
            offering.finished().await;
        };
        let answering = async {
            while let Some(event) = asked.next().await {
                if let ReceiveEvent::Asked(Question { id, .. }) = event {
                    receiving.answer(id, accept);
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = answering => panic!("the receiver stopped"),
            () = tokio::time::sleep(PATIENCE) => panic!("still {:?}", offering.peers()),
        }
        receiving.stop().await;
        offering.peers().into_iter().find(|(peer, _)| peer.fingerprint == other.engine.fingerprint()).unwrap().1
    }

    async fn digests(&self) -> Vec<(Option<String>, String, u64)> {
        let datasets = self.engine.datasets().await.unwrap();
        let line = |status: fieldcast::DatasetStatus| {
            (status.summary.dataset.boundary, status.summary.digest.to_string(), status.summary.records)
        };
        datasets.into_iter().map(line).collect()
    }
}

async fn sandbox() -> Sandbox {
    Sandbox::start(SandboxConfig { households: 120, boundaries: 4, ..SandboxConfig::default() }).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_downsynced_reaches_the_receiver_whole_and_an_update_costs_less() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-1").await, device("receiver-1").await);
    distributor.login(&sandbox).await;
    distributor.downsync(2).await;
    let SendState::Saved(first) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(distributor.digests().await, receiver.digests().await);
    assert_eq!(distributor.digests().await.len(), 3, "two boundaries and what the project has outside them");

    sandbox.advance(5).unwrap();
    distributor.downsync(2).await;
    assert_ne!(distributor.digests().await, receiver.digests().await);
    let SendState::Saved(second) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(distributor.digests().await, receiver.digests().await);
    assert!(second.total <= first.total, "{second:?} after {first:?}");

    let SendState::Saved(nothing) = distributor.send_to(&receiver, true).await else { panic!("not saved") };
    assert_eq!(nothing.total, 0, "nothing is sent twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_is_told_and_writes_nothing() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-2").await, device("receiver-2").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    assert_eq!(distributor.send_to(&receiver, false).await, SendState::Failed(Reason::Declined));
    assert!(receiver.digests().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_file_carries_the_same_and_a_damaged_one_is_refused_by_name() {
    let sandbox = sandbox().await;
    let (distributor, receiver) = (device("distributor-3").await, device("receiver-3").await);
    distributor.login(&sandbox).await;
    distributor.downsync(1).await;
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("village.fcb");
    let datasets = distributor.engine.datasets().await.unwrap();
    let datasets = datasets.into_iter().map(|status| status.summary.dataset).collect();
    distributor.engine.export(datasets, path.clone()).await.unwrap();
    let whole = std::fs::read(&path).unwrap();

    let mut altered = whole.clone();
    *altered.last_mut().unwrap() ^= 1;
    for (bytes, word) in
        [(&whole[..whole.len() - 1], "cut off"), (&altered[..], "damaged"), (b"hello!!!", "not a Fieldcast")]
    {
        std::fs::write(&path, bytes).unwrap();
        let error = receiver.engine.import(path.clone()).await.unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
        assert!(receiver.digests().await.is_empty(), "nothing of it was taken");
    }

    std::fs::write(&path, &whole).unwrap();
    let info = receiver.engine.inspect(path.clone()).await.unwrap();
    assert_eq!(info.sender.fingerprint, distributor.engine.fingerprint());
    let imported = receiver.engine.import(path.clone()).await.unwrap();
    assert!(imported.standings.iter().all(|standing| *standing == fieldcast::Standing::Equal));
    assert_eq!(distributor.digests().await, receiver.digests().await);
}
