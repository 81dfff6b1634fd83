//! A device: an engine in its own folder, and the actions of its user.

use std::time::Duration;

use fieldcast::{
    Answer, Engine, ExchangeSettings, InterfaceMonitor, OfferEvent, OfferSession, Question, ReceiveEvent,
    ReceiveSession, SendState, Settings, SnapshotSummary, Subscription, Trust, choose_interface,
};
use fieldcast_sandbox::Sandbox;
use fieldcast_store::Store;
use tempfile::TempDir;

/// The timeout of every wait in these tests.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Device {
    pub(crate) engine: Engine,
    /// Bytes of the disk that must stay free.
    pub(crate) reserve: u64,
    /// How many receivers get data at a time.
    pub(crate) max_live: usize,
    /// The devices whose code it compares.
    pub(crate) trust: Trust,
    /// Whether it announces itself and searches.
    pub(crate) mdns: bool,
    /// How it finds another network after a loss.
    pub(crate) interface_monitor: InterfaceMonitor,
    dir: TempDir,
}

pub(crate) async fn device(name: &str) -> Device {
    let dir = TempDir::new().unwrap();
    let settings = Settings { device_name: Some(name.to_owned()), ..Settings::new(dir.path()) };
    let engine = Engine::open(settings).await.unwrap();
    let (trust, interface_monitor) = (Trust::AcceptAll, InterfaceMonitor::default());
    Device { engine, reserve: 0, max_live: 8, trust, mdns: true, interface_monitor, dir }
}

/// Waits until the device is found.
pub(crate) async fn find(offering: &OfferSession, found: &mut Subscription<OfferEvent>, device: &Device) {
    while !offering.peers().iter().any(|(peer, _)| peer.fingerprint == device.engine.fingerprint()) {
        found.next().await.unwrap();
    }
}

/// The state of sending to a device that was found.
pub(crate) fn state_of(offering: &OfferSession, device: &Device) -> SendState {
    let fingerprint = device.engine.fingerprint();
    offering.peers().into_iter().find(|(peer, _)| peer.fingerprint == fingerprint).unwrap().1
}

/// Answers every question with `accept` until the session ends.
pub(crate) async fn answer_all(receiving: &ReceiveSession, asked: &mut Subscription<ReceiveEvent>, accept: bool) {
    while let Some(event) = asked.next().await {
        if let ReceiveEvent::Asked(Question { id, .. }) = event {
            receiving.answer(id, if accept { Answer::Once } else { Answer::Decline });
        }
    }
}

impl Device {
    /// Closes the engine, runs `work` on its store, and opens it again.
    pub(crate) async fn with_store(self, work: impl FnOnce(&Store)) -> Self {
        let Self { engine, dir, .. } = self;
        drop(engine);
        // The tasks of dropped sessions release the store when the runtime runs them.
        let opened = tokio::time::timeout(TIMEOUT, async {
            loop {
                match Store::open(dir.path()) {
                    Err(fieldcast_store::Error::InUse { .. }) => tokio::time::sleep(Duration::from_millis(10)).await,
                    opened => return opened.unwrap(),
                }
            }
        });
        work(&opened.await.unwrap().store);
        Self { engine: Engine::open(Settings::new(dir.path())).await.unwrap(), dir, ..self }
    }

    pub(crate) async fn login(&self, sandbox: &Sandbox) {
        self.login_at(&sandbox.url()).await;
    }

    pub(crate) async fn login_at(&self, url: &str) {
        self.engine.login(url, "mz", "distributor", "fieldcast").await.unwrap();
        let projects = self.engine.projects().await.unwrap();
        self.engine.choose_project(Some(&projects[0].id)).await.unwrap();
    }

    pub(crate) async fn downsync(&self, boundaries: usize) {
        let (done, why) = self.try_downsync(boundaries).await;
        assert_eq!(done, boundaries, "{why}");
    }

    /// Returns the number of complete boundaries, and the errors of the others.
    pub(crate) async fn try_downsync(&self, boundaries: usize) -> (usize, String) {
        let project = self.engine.choose_project(None).await.unwrap();
        let tree = self.engine.boundaries(&project).await.unwrap();
        let codes: Vec<_> = tree.leaves().take(boundaries).map(|leaf| leaf.code.clone()).collect();
        let report = self.engine.downsync(project, &codes).await.unwrap().finished().await.unwrap();
        (report.done.len(), format!("{:?}", report.failed))
    }

    pub(crate) async fn summaries(&self) -> Vec<SnapshotSummary> {
        self.engine.datasets().await.unwrap().into_iter().map(|status| status.summary).collect()
    }

    /// The only dataset that has a boundary.
    pub(crate) async fn village(&self) -> SnapshotSummary {
        self.summaries().await.into_iter().find(|summary| summary.dataset.boundary.is_some()).unwrap()
    }

    fn settings(&self) -> ExchangeSettings {
        let Self { reserve, max_live, mdns, .. } = *self;
        let (trust, interface_monitor) = (self.trust.clone(), self.interface_monitor.clone());
        ExchangeSettings {
            resume_for: Duration::from_secs(5),
            reserve,
            max_live,
            trust,
            mdns,
            interface_monitor,
            ..self.engine.exchange_settings()
        }
    }

    pub(crate) async fn offer(&self) -> OfferSession {
        self.offer_on(0).await
    }

    /// Offers all complete datasets on this port.
    pub(crate) async fn offer_on(&self, port: u16) -> OfferSession {
        let datasets = self.engine.datasets().await.unwrap();
        let complete = datasets.into_iter().map(|status| status.summary).filter(|summary| summary.as_of.0 > 0);
        let datasets = complete.map(|summary| summary.dataset).collect();
        let settings = ExchangeSettings { port, ..self.settings() };
        self.engine.offer(datasets, choose_interface(Some("127.0.0.1")).unwrap(), settings).await.unwrap()
    }

    pub(crate) async fn receive(&self) -> ReceiveSession {
        let interface = choose_interface(Some("127.0.0.1")).unwrap();
        self.engine.receive(interface, self.settings()).await.unwrap()
    }

    /// Sends to the other device and returns the final state. Every question there is answered with `accept`.
    pub(crate) async fn send_to(&self, other: &Self, accept: bool) -> SendState {
        let receiving = other.receive().await;
        let mut asked = receiving.subscribe();
        let offering = self.offer().await;
        let mut found = offering.subscribe();
        let sending = async {
            find(&offering, &mut found, other).await;
            offering.send_to(other.engine.fingerprint()).unwrap();
            offering.finished().await;
        };
        tokio::select! {
            () = sending => {}
            () = answer_all(&receiving, &mut asked, accept) => panic!("the receiver stopped"),
            () = tokio::time::sleep(TIMEOUT) => panic!("still {:?}", offering.peers()),
        }
        receiving.stop().await;
        state_of(&offering, other)
    }

    pub(crate) async fn digests(&self) -> Vec<(Option<String>, String, u64)> {
        let datasets = self.engine.datasets().await.unwrap();
        let line = |status: fieldcast::DatasetStatus| {
            (status.summary.dataset.boundary, status.summary.digest.to_string(), status.summary.records)
        };
        datasets.into_iter().map(line).collect()
    }
}
