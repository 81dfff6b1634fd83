//! Accepts connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::pending_handshakes::{HandshakeLimits, PendingHandshakes};
use crate::{Connection, Error, Identity, Interface, socket};

/// How many connections may wait for [`Listener::accept`]. Additional connections are closed.
const QUEUE: usize = 32;

/// Accepts connections on one interface. Dropping it stops listening; accepted connections continue.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    ready: mpsc::Receiver<Connection>,
    rejected: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Listener {
    /// Listens on the address of the interface with `identity`. Port 0 means any free port.
    ///
    /// # Errors
    /// [`Error::PortInUse`]; [`Error::InterfaceGone`] if the interface has lost its address; [`Error::Permission`].
    pub async fn bind(interface: &Interface, port: u16, identity: &Identity) -> Result<Self, Error> {
        Self::bind_with(interface, port, identity, HandshakeLimits::of(interface)).await
    }

    /// Like [`bind`](Self::bind), with the caller's limits.
    ///
    /// # Errors
    /// The same errors as [`bind`](Self::bind).
    // This function is async although it awaits nothing, because tokio panics outside a runtime.
    pub(crate) async fn bind_with(
        interface: &Interface,
        port: u16,
        identity: &Identity,
        limits: HandshakeLimits,
    ) -> Result<Self, Error> {
        let config = identity.credentials().server()?;
        let failed = |error| Error::from_bind(error, &interface.name, port);
        let socket = socket::listen(interface, port).and_then(TcpListener::from_std).map_err(failed)?;
        let addr = socket.local_addr().map_err(failed)?;
        let (accepted, ready) = mpsc::channel(QUEUE);
        let rejected = Arc::new(AtomicU64::new(0));
        let accept_loop = AcceptLoop { socket, config, accepted, rejected: rejected.clone() };
        let task = tokio::spawn(accept_loop.run(PendingHandshakes::new(limits))).abort_handle();
        Ok(Self { addr, ready, rejected, task })
    }

    /// The address on which it listens, with the actual port.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next connection with a proven key. Failed handshakes are logged and not reported here. Cancel-safe.
    ///
    /// # Errors
    /// [`Error::Closed`] if the listener has stopped, which happens only when its runtime stops.
    pub async fn accept(&mut self) -> Result<Connection, Error> {
        self.ready.recv().await.ok_or(Error::Closed)
    }

    /// How many connections were rejected so far: too many at once, a failed handshake, or a full queue.
    pub(crate) fn rejected(&self) -> u64 {
        self.rejected.load(Relaxed)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        tracing::debug!(rejected = self.rejected(), "listening ends");
        self.task.abort();
    }
}

/// The task of a listener.
struct AcceptLoop {
    socket: TcpListener,
    config: Arc<ServerConfig>,
    accepted: mpsc::Sender<Connection>,
    rejected: Arc<AtomicU64>,
}

impl AcceptLoop {
    /// Accepts connections until the task is aborted. Never waits for a peer to send: each handshake has a separate
    /// task.
    async fn run(self, mut pending: PendingHandshakes) {
        loop {
            let (stream, addr) = match self.socket.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The connection is gone already, or the process has no free file handles. Only waiting helps.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if pending.acquire_slot(addr.ip()).await {
                pending.begin(addr.ip(), self.handshake(stream, addr));
            } else {
                self.rejected.fetch_add(1, Relaxed);
            }
        }
    }

    /// Runs the handshake with one peer and queues the connection.
    fn handshake(&self, stream: TcpStream, addr: SocketAddr) -> impl Future<Output = ()> + Send + 'static {
        let (config, accepted) = (self.config.clone(), self.accepted.clone());
        // Counts every end of the handshake, also an abort.
        let counter = RejectionCounter(Some(self.rejected.clone()));
        async move {
            let mut counter = counter;
            match Connection::accept(stream, addr, config).await {
                Ok(connection) => match accepted.try_send(connection) {
                    Ok(()) => counter.0 = None,
                    // The engine is too slow. A peer whose connection is closed connects again.
                    Err(_) => tracing::warn!("a connection was closed: the queue of accepted connections is full"),
                },
                Err(error) => tracing::debug!(%error, "a handshake failed"),
            }
        }
    }
}

/// Counts a rejected connection when it is dropped, unless it was emptied before.
struct RejectionCounter(Option<Arc<AtomicU64>>);

impl Drop for RejectionCounter {
    fn drop(&mut self) {
        if let Some(counter) = &self.0 {
            counter.fetch_add(1, Relaxed);
        }
    }
}
