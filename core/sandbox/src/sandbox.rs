//! A running sandbox: the listener and its handle.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::campaign::{Advance, Campaign};
use crate::config::SandboxConfig;
use crate::error::SandboxError;
use crate::faults::Fault;
use crate::server::{self, App};

/// How long a stop waits for requests under way.
const GRACE: Duration = Duration::from_secs(2);

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Listens and serves in the background. Must run inside a Tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::PortInUse`], [`SandboxError::Listen`], [`SandboxError::Config`].
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let campaign = Arc::new(Campaign::new(&config)?);
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(|source| refused(listen, source))?;
        let address = listener.local_addr().map_err(|source| refused(listen, source))?;
        let app = Arc::new(App::new(campaign, &config));
        let router = server::router(Arc::clone(&app));
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let signal = async move {
                // An error means the handle is gone, which is a stop too.
                stopped.wait_for(|stop| *stop).await.ok();
            };
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(signal).await {
                tracing::warn!(%error, "the sandbox stopped serving");
            }
        });
        tracing::info!(%address, households = config.households, "sandbox is serving");
        Ok(Self { address, app, stop, task })
    }

    /// The base URL for this machine, e.g. `http://127.0.0.1:40123`.
    pub fn url(&self) -> String {
        if self.address.ip().is_unspecified() {
            // It listens on every interface; this one is always there.
            return format!("http://127.0.0.1:{}", self.address.port());
        }
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The data behind it.
    pub fn campaign(&self) -> Arc<Campaign> {
        Arc::clone(&self.app.campaign)
    }

    /// Moves the campaign on, see [`Campaign::advance`].
    ///
    /// # Errors
    /// [`SandboxError::Permille`].
    pub fn advance(&self, permille: u32) -> Result<Advance, SandboxError> {
        self.app.campaign.advance(permille)
    }

    /// Adds faults to those still to come.
    pub fn add_faults(&self, faults: Vec<Fault>) {
        self.app.faults.add(faults);
    }

    /// Forgets all faults still to come.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// Downsync requests answered or refused so far, those with a bad token not counted.
    pub fn downsync_requests(&self) -> u64 {
        self.app.faults.requests()
    }

    /// Stops listening and waits up to two seconds for requests under way.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(GRACE, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn refused(address: SocketAddr, source: io::Error) -> SandboxError {
    if source.kind() == io::ErrorKind::AddrInUse {
        SandboxError::PortInUse { address }
    } else {
        SandboxError::Listen { address, source }
    }
}
