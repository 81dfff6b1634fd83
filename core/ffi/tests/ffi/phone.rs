//! A phone: a Fieldcast in its own folder, polled as by a foreign executor.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use fieldcast_ffi::{Dataset, EventListener, ExchangeOptions, Fieldcast, OpenSettings, PlatformPorts};
use fieldcast_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls on this thread, which has no runtime.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

/// Polls once. The future must not be finished.
pub(crate) fn begin<T>(future: &mut (impl Future<Output = T> + Unpin)) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
}

/// A server, with the runtime that it needs.
pub(crate) struct Server {
    pub(crate) url: String,
    _runtime: tokio::runtime::Runtime,
    _sandbox: Sandbox,
}

pub(crate) fn server() -> Server {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = SandboxConfig { households: 120, boundaries: 4, ..SandboxConfig::default() };
    let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
    Server { url: sandbox.url(), _runtime: runtime, _sandbox: sandbox }
}

pub(crate) struct Phone {
    pub(crate) fieldcast: Arc<Fieldcast>,
    pub(crate) dir: TempDir,
}

pub(crate) fn settings(dir: &TempDir, name: &str) -> OpenSettings {
    let device_name = Some(name.to_owned());
    OpenSettings { data_dir: dir.path().to_owned(), device_name, allow_http: false, new_identity: false, workers: 2 }
}

pub(crate) fn phone(name: &str, listener: Arc<dyn EventListener>) -> Phone {
    let dir = TempDir::new().unwrap();
    let fieldcast = wait(Fieldcast::open(settings(&dir, name), PlatformPorts::default(), listener)).unwrap();
    Phone { fieldcast, dir }
}

pub(crate) fn options() -> ExchangeOptions {
    ExchangeOptions {
        network: Some("127.0.0.1".to_owned()),
        mdns: true,
        port: 0,
        pinned: Vec::new(),
        accept_all: false,
        max_live: 8,
        resume_seconds: 5,
        reserve: 0,
    }
}

impl Phone {
    /// Logs in and downloads this many boundaries.
    pub(crate) fn downsync(&self, server: &Server, boundaries: usize) {
        let login = |text: &str| text.to_owned();
        let account = self.fieldcast.login(server.url.clone(), login("mz"), login("distributor"), login("fieldcast"));
        wait(account).unwrap();
        let projects = wait(self.fieldcast.projects()).unwrap();
        let project = wait(self.fieldcast.choose_project(Some(projects[0].id.clone()))).unwrap();
        let tree = wait(self.fieldcast.boundaries(project.clone())).unwrap();
        let leaves = tree.into_iter().filter(|boundary| boundary.leaf).map(|boundary| boundary.code);
        let job = wait(self.fieldcast.start_downsync(project, leaves.take(boundaries).collect(), true)).unwrap();
        let report = wait(job.finished()).unwrap();
        assert_eq!((report.done.len(), report.failed.len()), (boundaries, 0));
    }

    pub(crate) fn datasets(&self) -> Vec<Dataset> {
        wait(self.fieldcast.datasets()).unwrap().into_iter().map(|status| status.summary.dataset).collect()
    }

    /// The number of records and the digest of each dataset.
    pub(crate) fn digests(&self) -> Vec<(Dataset, u64, String)> {
        let held = wait(self.fieldcast.datasets()).unwrap().into_iter().map(|status| status.summary);
        held.map(|summary| (summary.dataset, summary.records, summary.digest.to_string())).collect()
    }
}
