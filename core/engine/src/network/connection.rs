//! One connection as two bounded queues of frames, with one task for each queue.
//!
//! Reading a frame cannot be cancelled in the middle, so it has its own task. Writing has its own task too, so that the
//! state machine can read while a write waits. Memory in flight is bounded: [`CHUNKS_IN_FLIGHT`] outgoing chunks and as
//! many incoming frames.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_net::{Connection, Error as NetworkError, FrameReader, FrameWriter, Identity, Interface, Traffic};
use fieldcast_wire::frame::{FrameError, FrameKind};
use fieldcast_wire::{Breach, EndReason, Message, chunk_frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::task;

/// Chunks that the writer has accepted but not yet written to the socket.
const CHUNKS_IN_FLIGHT: usize = 2;
/// Frames that were read but not yet processed by the state machine.
const FRAMES_READ_AHEAD: usize = 2;
/// The idle timeout of the socket. It is longer than all timeouts of the state machines, so that those decide.
const IDLE_TIMEOUT: Duration = Duration::from_secs(90);
/// The timeout of one dial, with TLS.
const DIAL_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum time to send the last messages to a peer.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// An incoming frame.
pub(crate) enum Frame {
    Message(Message),
    Manifest(Vec<u8>),
    Chunk(Vec<u8>),
}

struct Outgoing {
    kind: FrameKind,
    bytes: Vec<u8>,
    _permit: Option<OwnedSemaphorePermit>,
}

/// An open connection.
pub(crate) struct Link {
    incoming: mpsc::Receiver<Result<Frame, EndReason>>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    permits: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    /// Bytes received at the last check.
    received: u64,
    peer_key: [u8; 32],
    /// Whether the peer may send manifests and chunks.
    takes_data: Arc<AtomicBool>,
    _reader: AbortOnDropHandle<()>,
    writer: AbortOnDropHandle<()>,
}

impl Link {
    pub(crate) fn new(connection: Connection) -> Self {
        let (traffic, peer_key) = (connection.traffic(), connection.peer_key());
        let (mut reader, mut writer) = connection.split();
        reader.set_idle_limit(IDLE_TIMEOUT);
        writer.set_idle_limit(IDLE_TIMEOUT);
        let takes_data = Arc::new(AtomicBool::new(false));
        reader.set_takes_data(takes_data.clone());
        // One slot more than frames that are read ahead, so that a failing writer can report its error.
        let (read, incoming) = mpsc::channel(FRAMES_READ_AHEAD + 1);
        let (outgoing, to_write) = mpsc::unbounded_channel();
        Self {
            incoming,
            outgoing,
            permits: Arc::new(Semaphore::new(CHUNKS_IN_FLIGHT)),
            traffic,
            received: 0,
            peer_key,
            writer: AbortOnDropHandle::new(task::spawn(write_frames(writer, to_write, read.clone()))),
            _reader: AbortOnDropHandle::new(task::spawn(read_frames(reader, read))),
            takes_data,
        }
    }

    /// The fingerprint of the peer, proven by its key.
    pub(crate) fn peer(&self) -> Fingerprint {
        fieldcast_net::fingerprint_of(&self.peer_key)
    }

    /// The public key that the peer has proven.
    pub(crate) fn peer_key(&self) -> [u8; 32] {
        self.peer_key
    }

    /// Accepts manifests and chunks from now on. Before that, they end the connection before they take memory.
    pub(crate) fn take_data(&self) {
        self.takes_data.store(true, Ordering::Release);
    }

    /// The next frame. Returns `Err` once, if the connection is lost or the peer sent an invalid frame.
    pub(crate) async fn next(&mut self) -> Result<Frame, EndReason> {
        match self.incoming.recv().await {
            Some(frame) => frame,
            None => std::future::pending().await, // the end was already reported; nothing more can come
        }
    }

    pub(crate) fn send(&self, message: &Message) {
        self.put(FrameKind::Control, message.encode(), None);
    }

    pub(crate) fn send_manifest(&self, manifest: Vec<u8>) {
        self.put(FrameKind::Manifest, manifest, None);
    }

    /// A permit for one more chunk; waits until the writer has room.
    pub(crate) fn permit(&self) -> impl Future<Output = OwnedSemaphorePermit> + use<> {
        let permits = self.permits.clone();
        async move {
            match permits.acquire_owned().await {
                Ok(permit) => permit,
                Err(_) => std::future::pending().await, // the semaphore is never closed
            }
        }
    }

    pub(crate) fn send_chunk(&self, permit: OwnedSemaphorePermit, index: u32, chunk: &[u8]) {
        self.put(FrameKind::Chunk, chunk_frame(index, chunk), Some(permit));
    }

    /// Whether bytes have arrived since the last check. Half a frame on a slow link also shows that the peer is alive.
    pub(crate) fn has_received_more(&mut self) -> bool {
        let received = self.traffic.received.load(Ordering::Relaxed);
        std::mem::replace(&mut self.received, received) < received
    }

    /// Bytes over the socket so far, in both directions, with TLS.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.traffic.sent.load(Ordering::Relaxed) + self.traffic.received.load(Ordering::Relaxed)
    }

    /// Writes the queued frames, closes the connection and waits until the peer closes too; gives up after a few
    /// seconds. Returns the total bytes over the socket.
    pub(crate) async fn close(self) -> u64 {
        let Self { outgoing, mut incoming, writer, traffic, .. } = self;
        drop(outgoing);
        let goodbye = async {
            let _peer_may_be_gone = writer.await;
            while let Some(Ok(_)) = incoming.recv().await {}
        };
        let _peer_may_be_gone = tokio::time::timeout(CLOSE_TIMEOUT, goodbye).await;
        traffic.sent.load(Ordering::Relaxed) + traffic.received.load(Ordering::Relaxed)
    }

    /// Sends why this side ends the exchange, then closes.
    pub(crate) fn stop(self, reason: EndReason) -> impl Future<Output = u64> {
        self.send(&Message::Stop(reason));
        self.close()
    }

    fn put(&self, kind: FrameKind, bytes: Vec<u8>, permit: Option<OwnedSemaphorePermit>) {
        // A stopped writer means a lost connection, which the reader reports.
        let _stopped = self.outgoing.send(Outgoing { kind, bytes, _permit: permit });
    }
}

/// Connects to a device, which must have the `expected` key if one is given.
pub(crate) fn dial(
    interface: &Interface,
    identity: &Identity,
    addr: SocketAddr,
    expected: Option<Fingerprint>,
) -> impl Future<Output = Result<Connection, NetworkError>> + Send {
    fieldcast_net::dial(interface, identity, addr, expected, DIAL_TIMEOUT)
}

/// The reason why dialing failed. Only temporary failures are [`EndReason::Unreachable`].
pub(crate) fn dial_error(error: &NetworkError) -> EndReason {
    match error {
        NetworkError::WrongPeer { .. } => EndReason::WrongDevice,
        NetworkError::OtherVersion => EndReason::Incompatible,
        NetworkError::Tls { .. } => EndReason::NotSecure,
        error => EndReason::Unreachable(error.to_string()),
    }
}

async fn read_frames(mut reader: FrameReader, read: mpsc::Sender<Result<Frame, EndReason>>) {
    loop {
        let incoming = match reader.read().await {
            Ok((FrameKind::Control, bytes)) => Message::decode(&bytes).map(Frame::Message).map_err(EndReason::Protocol),
            Ok((FrameKind::Manifest, bytes)) => Ok(Frame::Manifest(bytes)),
            Ok((FrameKind::Chunk, bytes)) => Ok(Frame::Chunk(bytes)),
            Err(fieldcast_net::Error::Frame(FrameError::NotYet(_))) => Err(EndReason::Protocol(Breach::OutOfTurn)),
            Err(fieldcast_net::Error::Frame(_)) => Err(EndReason::Protocol(Breach::TooLong)),
            Err(error) => {
                tracing::debug!(%error, "connection ended");
                Err(EndReason::Lost)
            }
        };
        let is_last = incoming.is_err();
        if read.send(incoming).await.is_err() || is_last {
            return;
        }
    }
}

async fn write_frames(
    mut writer: FrameWriter,
    mut to_write: mpsc::UnboundedReceiver<Outgoing>,
    failed: mpsc::Sender<Result<Frame, EndReason>>,
) {
    while let Some(frame) = to_write.recv().await {
        let written = writer.write(frame.kind, &frame.bytes).await;
        // Flush only if no frame is waiting, so that small messages share a packet.
        let flushed = if to_write.is_empty() { writer.flush().await } else { Ok(()) };
        if let Err(error) = written.and(flushed) {
            tracing::debug!(%error, "connection ended while writing");
            let _already_known = failed.send(Err(EndReason::Lost)).await;
            return;
        }
    }
    let _peer_may_be_gone = writer.shutdown().await;
}
