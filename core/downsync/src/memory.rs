//! The memory limit for all simultaneous answers.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::DownloadLimits;

/// Bytes of packed input per unpacking step. Deflate expands up to 1032 times, so the output is at most
/// [`STEP_UNPACKED`].
pub(crate) const STEP: usize = 1 << 10;

/// The maximum output of one [`STEP`] in bytes.
pub(crate) const STEP_UNPACKED: u64 = 1040 << 10;

/// The memory that all answers of one client share: a number of small answers, one of which may be large.
///
/// A request reserves the memory of a small answer before it is sent. A larger answer waits for the single large
/// reservation and then needs no more, so requests can never deadlock.
#[derive(Debug)]
pub(crate) struct Memory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    limits: DownloadLimits,
}

/// A reservation of [`Memory`] until it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    _small: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
    large_share: Arc<Semaphore>,
    limits: DownloadLimits,
}

impl Memory {
    pub(crate) fn new(limits: DownloadLimits) -> Self {
        Self { small: Arc::new(Semaphore::new(limits.answers.max(1))), large: Arc::new(Semaphore::new(1)), limits }
    }

    /// Waits for the memory of a small answer.
    pub(crate) async fn reserve(&self) -> Reservation {
        let small = Arc::clone(&self.small).acquire_owned().await.ok(); // the semaphore is never closed
        Reservation { _small: small, large: None, large_share: Arc::clone(&self.large), limits: self.limits }
    }
}

impl Reservation {
    /// The bytes that the answer may use now.
    pub(crate) fn bytes(&self) -> u64 {
        let DownloadLimits { answer_bytes, small_answer_bytes, .. } = self.limits;
        if self.large.is_some() { answer_bytes } else { answer_bytes.min(small_answer_bytes) }
    }

    /// Waits for the memory of a large answer. `false` if this is already a large reservation: then the answer is too
    /// large.
    pub(crate) async fn grow(&mut self) -> bool {
        if self.large.is_some() {
            return false;
        }
        self.large = Arc::clone(&self.large_share).acquire_owned().await.ok();
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn limits_total_memory_of_answers() {
        let limits =
            DownloadLimits { answers: 2, small_answer_bytes: 10, answer_bytes: 100, ..DownloadLimits::default() };
        let memory = Memory::new(limits);
        let (mut first, mut second) = (memory.reserve().await, memory.reserve().await);
        let moment = Duration::from_secs(1);
        assert!(timeout(moment, memory.reserve()).await.is_err(), "two answers at a time");
        assert!(first.grow().await && !first.grow().await);
        assert!(timeout(moment, second.grow()).await.is_err(), "one large answer at a time");
        assert_eq!((first.bytes(), second.bytes()), (100, 10));
        drop(first);
        assert!(timeout(moment, second.grow()).await.unwrap());
        assert!(timeout(moment, memory.reserve()).await.is_ok());
    }
}
