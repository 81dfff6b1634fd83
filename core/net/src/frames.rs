//! Frames over a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fieldcast_wire::frame::{FrameError, FrameHeader, FrameKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Error;
use crate::connection::Stream;

/// How long a side may be silent, or take nothing, before it counts as lost, unless set otherwise.
const IDLE_LIMIT: Duration = Duration::from_secs(15);
/// The most a buffer grows by at a time, so that memory follows what has arrived and not what was promised.
const STEP: usize = 64 << 10;
/// The payload of a TLS record. A frame's header goes into the same record as what follows, not into one of its own.
const RECORD: usize = 16 << 10;

/// The receiving direction of a connection.
#[derive(Debug)]
pub struct FrameReader {
    stream: ReadHalf<Stream>,
    idle_limit: Duration,
    /// When the present wait began; none while bytes arrive.
    waiting_since: Option<Instant>,
    /// What has arrived of the header, then of the payload.
    pub(crate) arrived: Vec<u8>,
    header: Option<FrameHeader>,
    /// Whether manifests and chunks may come.
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

    /// Has this reader take manifests and chunks only while the flag is set: whoever has not been let in yet shall not
    /// fill memory with them.
    pub fn set_takes_data(&mut self, flag: Arc<AtomicBool>) {
        self.takes_data = flag;
    }

    /// Sets how long [`read`](Self::read) waits without a byte arriving; 15 s unless set.
    pub fn set_idle_limit(&mut self, limit: Duration) {
        self.idle_limit = limit;
    }

    /// The next frame. May be dropped half way (as in `select!`) and called again: nothing is lost, and the time
    /// waited so far counts.
    ///
    /// # Errors
    /// [`Error::Closed`] when the other side said goodbye between two frames, [`Error::Cut`] when the connection ended
    /// any other way, [`Error::Timeout`] when it was silent too long, [`Error::Frame`] for a header the protocol does
    /// not allow (told before a byte of payload is waited for), [`Error::Tls`] when what arrived is forged.
    /// The connection is of no use after any of them but a timeout.
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

    /// Adds what arrives next, up to `whole` bytes in all.
    async fn more(&mut self, whole: usize) -> Result<(), Error> {
        let missing = whole - self.arrived.len();
        if self.arrived.len() == self.arrived.capacity() {
            // Doubling, so that a large frame is not copied at every step.
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

    /// Sets how long a write waits without the other side taking a byte; 15 s unless set.
    pub fn set_idle_limit(&mut self, limit: Duration) {
        self.idle_limit = limit;
    }

    /// Sends one frame. The last bytes may wait in a buffer until [`flush`](Self::flush). Must not be dropped half
    /// way: the rest of the frame would be missing.
    ///
    /// # Errors
    /// [`Error::Frame`] when the payload is longer than its kind may be (nothing is sent), [`Error::Timeout`] when the
    /// other side takes nothing, [`Error::Cut`] when the connection is lost.
    pub async fn write(&mut self, kind: FrameKind, payload: &[u8]) -> Result<(), Error> {
        let header = FrameHeader::new(kind, payload.len())?.encode();
        let (first, rest) = payload.split_at(payload.len().min(RECORD - header.len()));
        self.send(&[&header, first].concat()).await?;
        self.send(rest).await
    }

    /// Hands everything written so far to the network.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub async fn flush(&mut self) -> Result<(), Error> {
        timeout(self.idle_limit, self.stream.flush()).await.map_err(|_| Error::Timeout)?.map_err(Error::from_stream)
    }

    /// Says goodbye, after which the other side reads [`Error::Closed`]. Nothing can be written afterwards.
    ///
    /// # Errors
    /// As [`write`](Self::write).
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
