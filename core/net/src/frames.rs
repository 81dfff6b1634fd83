//! Frames over a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldcast_wire::frame::{FrameError, FrameHeader, FrameKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Error;
use crate::connection::Stream;

/// How long a peer may be silent, or accept no bytes, before the connection counts as lost. This is the default.
const IDLE_LIMIT: Duration = Duration::from_secs(15);
/// The maximum growth of a buffer at a time. So the memory use follows the received bytes and not the announced length.
const STEP: usize = 64 << 10;
/// The payload size of a TLS record. The header of a frame goes into the same record as the start of the payload.
const RECORD: usize = 16 << 10;

/// The receiving direction of a connection.
#[derive(Debug)]
pub struct FrameReader {
    stream: ReadHalf<Stream>,
    idle_limit: Duration,
    /// When the present wait began; `None` while bytes arrive.
    waiting_since: Option<Instant>,
    /// The received bytes of the header, then of the payload.
    pub(crate) arrived: Vec<u8>,
    header: Option<FrameHeader>,
    /// Whether manifests and chunks are allowed.
    takes_data: Arc<AtomicBool>,
}

impl FrameReader {
    pub(crate) fn new(stream: ReadHalf<Stream>) -> Self {
        Self {
            stream,
            idle_limit: IDLE_LIMIT,
            waiting_since: None,
            arrived: Vec::new(),
            header: None,
            takes_data: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Makes this reader accept manifests and chunks only while the flag is set, so a peer without authorization cannot
    /// fill the memory.
    pub fn set_takes_data(&mut self, flag: Arc<AtomicBool>) {
        self.takes_data = flag;
    }

    /// Sets how long [`read`](Self::read) waits for the next byte; the default is 15 s.
    pub fn set_idle_limit(&mut self, limit: Duration) {
        self.idle_limit = limit;
    }

    /// Reads the next frame. Cancel-safe, for example in `select!`: no data is lost, and the elapsed waiting time still
    /// counts.
    ///
    /// # Errors
    /// [`Error::Closed`] if the peer closed the connection between two frames; [`Error::Cut`] if the connection ended
    /// in any other way; [`Error::Timeout`] if the peer was silent too long; [`Error::Frame`] for a header that the
    /// protocol does not allow, reported before any payload is read; [`Error::Tls`] if the received bytes are forged.
    /// After any error except a timeout, the connection is unusable.
    pub async fn read(&mut self) -> Result<(FrameKind, Vec<u8>), Error> {
        loop {
            match self.header {
                None if self.arrived.len() < FrameHeader::LEN => self.more(FrameHeader::LEN).await?,
                None => {
                    let bytes = self.arrived.first_chunk().copied().unwrap_or_default();
                    let header = FrameHeader::decode(bytes)?;
                    if header.kind != FrameKind::Control && !self.takes_data.load(Ordering::Acquire) {
                        return Err(FrameError::NotYet(header.kind).into());
                    }
                    self.header = Some(header);
                    self.arrived = Vec::new();
                }
                Some(header) if self.arrived.len() < header.len as usize => self.more(header.len as usize).await?,
                Some(header) => {
                    self.header = None;
                    return Ok((header.kind, std::mem::take(&mut self.arrived)));
                }
            }
        }
    }

    /// Reads the next bytes, up to `whole` bytes in total.
    async fn more(&mut self, whole: usize) -> Result<(), Error> {
        let missing = whole - self.arrived.len();
        if self.arrived.len() == self.arrived.capacity() {
            // Double the buffer, so a large frame is not copied at each step.
            let step = STEP.max(self.arrived.len());
            self.arrived.reserve_exact(missing.min(step));
        }
        let room = missing.min(self.arrived.capacity() - self.arrived.len());
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let mut part = (&mut self.stream).take(room as u64);
        let got = timeout_at(since + self.idle_limit, part.read_buf(&mut self.arrived)).await;
        match got.map_err(|_| Error::Timeout)?.map_err(Error::from_stream)? {
            0 if self.header.is_none() && self.arrived.is_empty() => Err(Error::Closed),
            0 => Err(Error::Cut),
            _ => {
                self.waiting_since = None;
                Ok(())
            }
        }
    }
}

/// The sending direction of a connection.
#[derive(Debug)]
pub struct FrameWriter {
    stream: WriteHalf<Stream>,
    idle_limit: Duration,
}

impl FrameWriter {
    pub(crate) fn new(stream: WriteHalf<Stream>) -> Self {
        Self { stream, idle_limit: IDLE_LIMIT }
    }

    /// Sets how long a write waits for the peer to accept a byte; the default is 15 s.
    pub fn set_idle_limit(&mut self, limit: Duration) {
        self.idle_limit = limit;
    }

    /// Sends one frame. The last bytes may stay in a buffer until [`flush`](Self::flush). Not cancel-safe: if the
    /// future is dropped, the rest of the frame is missing.
    ///
    /// # Errors
    /// [`Error::Frame`] if the payload is too long for its kind (then nothing is sent); [`Error::Timeout`] if the peer
    /// accepts no bytes; [`Error::Cut`] if the connection is lost.
    pub async fn write(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Error> {
        let header = FrameHeader::new(kind, payload.len())?.encode();
        let (first, rest) = payload.split_at(payload.len().min(RECORD - header.len()));
        self.send(&[&header, first].concat()).await?;
        self.send(rest).await
    }

    /// Sends all buffered bytes to the network.
    ///
    /// # Errors
    /// The same errors as [`write`](Self::write).
    pub async fn flush(&mut self) -> Result<(), Error> {
        timeout(self.idle_limit, self.stream.flush()).await.map_err(|_| Error::Timeout)?.map_err(Error::from_stream)
    }

    /// Closes the connection in an orderly way: the peer reads [`Error::Closed`]. No more frames can be written.
    ///
    /// # Errors
    /// The same errors as [`write`](Self::write).
    pub async fn shutdown(&mut self) -> Result<(), Error> {
        timeout(self.idle_limit, self.stream.shutdown()).await.map_err(|_| Error::Timeout)?.map_err(Error::from_stream)
    }

    async fn send(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let step = timeout(self.idle_limit, self.stream.write(bytes)).await;
            let written = step.map_err(|_| Error::Timeout)?.map_err(Error::from_stream)?;
            bytes = bytes.get(written..).unwrap_or_default();
        }
        Ok(())
    }
}
