//! A running sandbox: the listener and its handle.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::campaign::{Advance, SandboxCampaign};
use crate::config::SandboxConfig;
use crate::error::SandboxError;
use crate::faults::Fault;
use crate::server::{self, ServerState};

/// How long `stop` waits for running requests.
const GRACE: Duration = Duration::from_secs(2);

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    app: Arc<ServerState>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Sandbox {
    /// Listens and serves in the background. Must be called inside a Tokio runtime.
    ///
    /// # Errors
    /// [`SandboxError::PortInUse`], [`SandboxError::Listen`], [`SandboxError::Config`].
    pub async fn start(config: SandboxConfig) -> Result<Self, SandboxError> {
        let campaign = Arc::new(SandboxCampaign::new(&config)?);
        let listen = config.listen;
        let listener = TcpListener::bind(listen).await.map_err(|source| refused(listen, source))?;
        let address = listener.local_addr().map_err(|source| refused(listen, source))?;
        let app = Arc::new(ServerState::new(campaign, &config));
        let router = server::router(Arc::clone(&app));
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            let signal = async move {
                // An error means that the handle was dropped, which also stops the server.
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
            // It listens on all interfaces. The loopback interface always exists.
            return format!("http://127.0.0.1:{}", self.address.port());
        }
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The campaign that it serves.
    pub fn campaign(&self) -> Arc<SandboxCampaign> {
        Arc::clone(&self.app.campaign)
    }

    /// Advances the campaign, see [`SandboxCampaign::advance`].
    ///
    /// # Errors
    /// [`SandboxError::Permille`].
    pub fn advance(&self, permille: u32) -> Result<Advance, SandboxError> {
        self.app.campaign.advance(permille)
    }

    /// Adds faults.
    pub fn add_faults(&self, faults: Vec<Fault>) {
        self.app.faults.add(faults);
    }

    /// Removes all remaining faults.
    pub fn clear_faults(&self) {
        self.app.faults.clear();
    }

    /// The number of downsync requests so far, without requests that had an invalid token.
    pub fn downsync_requests(&self) -> u64 {
        self.app.faults.requests()
    }

    /// Stops listening and waits up to two seconds for running requests.
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
