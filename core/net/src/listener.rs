//! Answers calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use crate::waiting::{HandshakeLimits, Waiting};
use crate::{Connection, Error, Identity, Interface, socket};

/// Connections that may wait for [`Listener::accept`]; what comes beyond them is hung up on.
const QUEUE: usize = 32;

/// Answers calls on one interface. Dropping it stops listening; connections it gave live on.
#[derive(Debug)]
pub struct Listener {
    addr: SocketAddr,
    ready: mpsc::Receiver<Connection>,
    turned_away: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Listener {
    /// Listens on the interface's address; port 0 means any free one. Answers as `identity`.
    ///
    /// # Errors
    /// [`Error::PortInUse`], [`Error::InterfaceGone`] when the interface has lost its address, [`Error::Permission`].
    pub async fn bind(interface: &Interface, port: u16, identity: &Identity) -> Result<Self, Error> {
        Self::bind_with(interface, port, identity, HandshakeLimits::of(interface)).await
    }

    /// As [`bind`](Self::bind), with limits of the caller's choice.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    // Async though it awaits nothing: that way it is only ever called where a runtime is, which tokio panics without.
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
        let (found, ready) = mpsc::channel(QUEUE);
        let turned_away = Arc::new(AtomicU64::new(0));
        let door = AcceptLoop { socket, config, found, turned_away: turned_away.clone() };
        let task = tokio::spawn(door.keep(Waiting::new(limits))).abort_handle();
        Ok(Self { addr, ready, turned_away, task })
    }

    /// Where it listens, with the port that was given.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The next caller that has proven its key. Callers that do not manage are dropped and logged, never told here.
    /// May be dropped half way and called again.
    ///
    /// # Errors
    /// [`Error::Closed`] when the listener has stopped, which it does only with its runtime.
    pub async fn accept(&mut self) -> Result<Connection, Error> {
        self.ready.recv().await.ok_or(Error::Closed)
    }

    /// How many callers were turned away so far: too many at once, no handshake, or nobody to take them.
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        tracing::debug!(turned_away = self.turned_away(), "listening ends");
        self.task.abort();
    }
}

/// The task behind a listener.
struct AcceptLoop {
    socket: TcpListener,
    config: Arc<ServerConfig>,
    found: mpsc::Sender<Connection>,
    turned_away: Arc<AtomicU64>,
}

impl AcceptLoop {
    /// Accepts for ever. Never waits for a caller to speak; handshakes have tasks of their own.
    async fn keep(self, mut waiting: Waiting) {
        loop {
            let (stream, addr) = match self.socket.accept().await {
                Ok(call) => call,
                Err(error) => {
                    // The call is gone already, or there are no file handles left, which only time mends.
                    tracing::warn!(%error, "a call could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            if waiting.admit(addr.ip()).await {
                waiting.begin(addr.ip(), self.greet(stream, addr));
            } else {
                self.turned_away.fetch_add(1, Relaxed);
            }
        }
    }

    /// Shakes hands with one caller and passes it on.
    fn greet(&self, stream: TcpStream, addr: SocketAddr) -> impl Future<Output = ()> + Send + 'static {
        let (config, found) = (self.config.clone(), self.found.clone());
        // Counts however the handshake ends, being aborted included.
        let away = TurnedAway(Some(self.turned_away.clone()));
        async move {
            let mut away = away;
            match Connection::answer(stream, addr, config).await {
                Ok(connection) => match found.try_send(connection) {
                    Ok(()) => away.0 = None,
                    // The engine is overrun; a caller who is hung up on calls again.
                    Err(_) => tracing::warn!("a caller was hung up on: too many wait to be taken"),
                },
                Err(error) => tracing::debug!(%error, "a caller was dropped"),
            }
        }
    }
}

/// Counts a caller as turned away when dropped, unless emptied before.
struct TurnedAway(Option<Arc<AtomicU64>>);

impl Drop for TurnedAway {
    fn drop(&mut self) {
        if let Some(counter) = &self.0 {
            counter.fetch_add(1, Relaxed);
        }
    }
}
