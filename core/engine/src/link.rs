//! One connection as two bounded queues of frames, each emptied by a task of its own.
//!
//! Reading a frame cannot be cut short half-way, so it has a task; writing must not keep the machine from hearing the
//! peer, so it has one too. Memory in flight is bounded: [`CHUNKS_IN_FLIGHT`] chunks out, as many frames in.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_net::{Connection, Error as NetworkError, FrameReader, FrameWriter, Traffic};
use fieldcast_wire::frame::{FrameError, FrameKind};
use fieldcast_wire::{Breach, EndReason, Message, chunk_frame};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::task;

/// Chunks handed to the writer that are not in the socket yet.
const CHUNKS_IN_FLIGHT: usize = 2;
/// Frames read that the machine has not taken yet.
const FRAMES_READ_AHEAD: usize = 2;
/// The socket's own patience; longer than any the machines have, so that they decide.
const IDLE_LIMIT: Duration = Duration::from_secs(90);
/// How long the last words to a peer may take.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// What arrives.
pub(crate) enum Frame {
    Message(Message),
    Manifest(Vec<u8>),
    Chunk(Vec<u8>),
}

struct Outgoing {
    kind: FrameKind,
    bytes: Vec<u8>,
    _place: Option<OwnedSemaphorePermit>,
}

/// A connection in use.
pub(crate) struct Link {
    incoming: mpsc::Receiver<Result<Frame, EndReason>>,
    outgoing: mpsc::UnboundedSender<Outgoing>,
    places: Arc<Semaphore>,
    traffic: Arc<Traffic>,
    /// Bytes received at the last look.
    received: u64,
    peer_key: [u8; 32],
    /// Between two signs of life while this side works.
    heartbeat: Duration,
    /// Whether manifests and chunks may come.
    takes_data: Arc<AtomicBool>,
    _reader: AbortOnDropHandle<()>,
    writer: AbortOnDropHandle<()>,
}

impl Link {
    pub(crate) fn new(connection: Connection, heartbeat: Duration) -> Self {
        let (traffic, peer_key) = (connection.traffic(), connection.peer_key());
        let (mut reader, mut writer) = connection.split();
        reader.set_idle_limit(IDLE_LIMIT);
        writer.set_idle_limit(IDLE_LIMIT);
        let takes_data = Arc::new(AtomicBool::new(false));
        reader.set_takes_data(takes_data.clone());
        // One more than is read ahead, so that a writer that fails can say so.
        let (read, incoming) = mpsc::channel(FRAMES_READ_AHEAD + 1);
        let (outgoing, to_write) = mpsc::unbounded_channel();
        Self {
            incoming,
            outgoing,
            places: Arc::new(Semaphore::new(CHUNKS_IN_FLIGHT)),
            traffic,
            received: 0,
            peer_key,
            heartbeat,
            writer: AbortOnDropHandle::new(task::spawn(write_frames(writer, to_write, read.clone()))),
            _reader: AbortOnDropHandle::new(task::spawn(read_frames(reader, read))),
            takes_data,
        }
    }

    /// Who is on the other side, proven by its key.
    pub(crate) fn peer(&self) -> Fingerprint {
        fieldcast_net::fingerprint_of(&self.peer_key)
    }

    /// The key it has proven.
    pub(crate) fn peer_key(&self) -> [u8; 32] {
        self.peer_key
    }

    /// Lets manifests and chunks in, which until then end the connection before they take memory.
    pub(crate) fn take_data(&self) {
        self.takes_data.store(true, Ordering::Release);
    }

    /// Waits for work that must not be cut short, giving signs of life meanwhile.
    pub(crate) async fn alive_during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                () = tokio::time::sleep(self.heartbeat) => self.send(&Message::Alive),
            }
        }
    }

    /// What arrives next; `Err` once, when the connection is gone or the peer sent what is no frame.
    pub(crate) async fn next(&mut self) -> Result<Frame, EndReason> {
        match self.incoming.recv().await {
            Some(frame) => frame,
            None => std::future::pending().await, // its end was told; nothing will ever come
        }
    }

    pub(crate) fn send(&self, message: &Message) {
        self.put(FrameKind::Control, message.encode(), None);
    }

    pub(crate) fn send_manifest(&self, manifest: Vec<u8>) {
        self.put(FrameKind::Manifest, manifest, None);
    }

    /// A place for one more chunk; waits until the writer has one.
    pub(crate) fn place(&self) -> impl Future<Output = OwnedSemaphorePermit> + use<> {
        let places = self.places.clone();
        async move {
            match places.acquire_owned().await {
                Ok(place) => place,
                Err(_) => std::future::pending().await, // the semaphore is never closed
            }
        }
    }

    pub(crate) fn send_chunk(&self, place: OwnedSemaphorePermit, index: u32, chunk: &[u8]) {
        self.put(FrameKind::Chunk, chunk_frame(index, chunk), Some(place));
    }

    /// Whether bytes have come since the last look: half a frame on a slow link is a sign of life, too.
    pub(crate) fn has_received_more(&mut self) -> bool {
        let received = self.traffic.received.load(Ordering::Relaxed);
        std::mem::replace(&mut self.received, received) < received
    }

    /// Bytes over the socket so far, both ways, TLS included.
    pub(crate) fn wire_bytes(&self) -> u64 {
        self.traffic.sent.load(Ordering::Relaxed) + self.traffic.received.load(Ordering::Relaxed)
    }

    /// Writes what is queued, says goodbye and waits for the peer's; gives up after a few seconds. Returns the bytes
    /// that have crossed the socket in all.
    pub(crate) async fn close(self) -> u64 {
        let Self { outgoing, mut incoming, writer, traffic, .. } = self;
        drop(outgoing);
        let goodbye = async {
            let _peer_may_be_gone = writer.await;
            while let Some(Ok(_)) = incoming.recv().await {}
        };
        let _peer_may_be_gone = tokio::time::timeout(LAST_WORDS, goodbye).await;
        traffic.sent.load(Ordering::Relaxed) + traffic.received.load(Ordering::Relaxed)
    }

    fn put(&self, kind: FrameKind, bytes: Vec<u8>, place: Option<OwnedSemaphorePermit>) {
        // A writer that has stopped is a lost connection, which the reader reports.
        let _stopped = self.outgoing.send(Outgoing { kind, bytes, _place: place });
    }
}

/// Why a call failed; only what may pass is [`EndReason::Unreachable`].
pub(crate) fn not_called(error: &NetworkError) -> EndReason {
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
        // Flushing only when nothing more waits lets small messages share a packet.
        let flushed = if to_write.is_empty() { writer.flush().await } else { Ok(()) };
        if let Err(error) = written.and(flushed) {
            tracing::debug!(%error, "connection ended while writing");
            let _already_known = failed.send(Err(EndReason::Lost)).await;
            return;
        }
    }
    let _peer_may_be_gone = writer.shutdown().await;
}
