//! Writes chunks to the disk: each is verified when it arrives, several are committed together.

use std::sync::Arc;
use std::time::Duration;

use fieldcast_bundle::{ChunkInfo, verify_chunk};
use fieldcast_store::Store;
use fieldcast_wire::{EndReason, MAX_UNSTAGED};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use crate::error::not_stored;
use crate::{Error, task};

/// Chunks are batched up to this many bytes. It must be less than a distributor sends before it gets a report.
pub(crate) const COMMIT_BYTES: usize = 3 << 20;
const _: () = assert!((COMMIT_BYTES as u64) < MAX_UNSTAGED);
/// The maximum time that verified chunks wait for a commit.
const COMMIT_AFTER: Duration = Duration::from_secs(1);

/// A chunk of the manifest, with the number of range bits of its snapshot.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    pub(crate) info: ChunkInfo,
    pub(crate) bits: u8,
}

/// The amount that is on the disk since the exchange began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct OnDisk {
    pub(crate) chunks: u32,
    pub(crate) bytes: u64,
}

/// Verifies and commits chunks in its own task. Dropping it stops the task; committed chunks stay.
pub(crate) struct Stager {
    chunks: mpsc::Sender<(Expected, Vec<u8>)>,
    /// A chunk for which there is no room yet.
    waiting: Option<(Expected, Vec<u8>)>,
    progress: mpsc::UnboundedReceiver<Result<OnDisk, EndReason>>,
    _task: AbortOnDropHandle<()>,
}

impl Stager {
    /// `wanted`: the number of chunks that will come; the last one is committed at once.
    pub(crate) fn start(store: Store, incoming: [u8; 32], wanted: u32) -> Self {
        let (chunks, to_stage) = mpsc::channel(1);
        // Unbounded, because there is only one report per commit.
        let (report, progress) = mpsc::unbounded_channel();
        let batch = ChunkBatch { store, incoming, wanted, chunks: Vec::new(), bytes: 0, on_disk: OnDisk::default() };
        let task = AbortOnDropHandle::new(task::spawn(batch.run(to_stage, report)));
        Self { chunks, waiting: None, progress, _task: task }
    }

    /// Whether [`Self::stage`] may be called. There is no room while the disk is behind.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.is_none()
    }

    /// Queues a chunk.
    pub(crate) fn stage(&mut self, expected: Expected, chunk: Vec<u8>) {
        if let Err(TrySendError::Full(waiting)) = self.chunks.try_send((expected, chunk)) {
            self.waiting = Some(waiting); // a stopped task has reported why
        }
    }

    /// Waits for the next commit, or for the reason why there are no more; `None` if there is room for a chunk again.
    /// Cancel safe.
    pub(crate) async fn next(&mut self) -> Option<Result<OnDisk, EndReason>> {
        tokio::select! {
            Some(progress) = self.progress.recv() => Some(progress),
            Ok(room) = self.chunks.reserve(), if self.waiting.is_some() => {
                if let Some(waiting) = self.waiting.take() {
                    room.send(waiting);
                }
                None
            }
            else => std::future::pending().await,
        }
    }
}

struct ChunkBatch {
    store: Store,
    incoming: [u8; 32],
    wanted: u32,
    chunks: Vec<([u8; 32], Vec<u8>)>,
    bytes: usize,
    on_disk: OnDisk,
}

impl ChunkBatch {
    async fn run(
        mut self,
        mut to_stage: mpsc::Receiver<(Expected, Vec<u8>)>,
        report: mpsc::UnboundedSender<Result<OnDisk, EndReason>>,
    ) {
        let mut commit_at = None;
        loop {
            let due = commit_at.unwrap_or_else(|| Instant::now() + COMMIT_AFTER);
            let step = tokio::select! {
                chunk = to_stage.recv() => match chunk {
                    Some((expected, chunk)) => {
                        commit_at.get_or_insert(due);
                        self.take(expected, chunk).await
                    }
                    None => return,
                },
                () = tokio::time::sleep_until(due), if commit_at.is_some() => self.commit().await,
            };
            if self.chunks.is_empty() {
                commit_at = None;
            }
            let failed = step.is_err();
            let said = match step.transpose() {
                Some(progress) => report.send(progress).is_ok(),
                None => true,
            };
            if failed || !said {
                return;
            }
        }
    }

    /// Verifies a chunk and adds it to the batch; commits when the batch is full or complete.
    async fn take(&mut self, expected: Expected, chunk: Vec<u8>) -> Result<Option<OnDisk>, EndReason> {
        let chunk = Arc::new(chunk);
        let to_verify = chunk.clone();
        let hash = expected.info.hash.0;
        let verified = task::blocking(move || verify_chunk(&expected.info, expected.bits, &to_verify).map(drop));
        match verified.await {
            Ok(()) => {}
            Err(Error::Bundle(error)) => {
                tracing::warn!(%error, "the chunk was refused");
                return Err(EndReason::BadData);
            }
            Err(error) => return Err(not_stored(error)),
        }
        self.bytes += chunk.len();
        self.chunks.push((hash, Arc::unwrap_or_clone(chunk)));
        let is_last = self.on_disk.chunks as usize + self.chunks.len() == self.wanted as usize;
        if self.bytes >= COMMIT_BYTES || is_last { self.commit().await } else { Ok(None) }
    }

    async fn commit(&mut self) -> Result<Option<OnDisk>, EndReason> {
        let (store, incoming) = (self.store.clone(), self.incoming);
        let chunks = std::mem::take(&mut self.chunks);
        let count = chunks.len() as u32;
        match task::blocking(move || store.stage_chunks(&incoming, &chunks)).await {
            Ok(()) => {
                self.on_disk.chunks += count;
                self.on_disk.bytes += std::mem::take(&mut self.bytes) as u64;
                Ok(Some(self.on_disk))
            }
            Err(error) => Err(not_stored(error)),
        }
    }
}
