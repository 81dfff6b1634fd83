//! How much memory answers take, however many are asked for at the same time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;

/// Bytes of packed input to unpack at a time; what comes out, deflate expanding up to 1032 times, is [`STEP_UNPACKED`].
pub(crate) const STEP: usize = 1 << 10;

/// The most bytes that one [`STEP`] unpacks to.
pub(crate) const STEP_UNPACKED: u64 = 1040 << 10;

/// The memory that the answers to one client share: so many small answers at a time, one of which may be large.
///
/// A request reserves the share of a small answer before it is sent. A larger answer waits for the one large share and
/// then needs nothing more, so requests never wait for each other in a circle.
#[derive(Debug)]
pub(crate) struct Memory {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    limits: Limits,
}

/// A share of [`Memory`], until it is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    _small: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
    large_share: Arc<Semaphore>,
    limits: Limits,
}

impl Memory {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { small: Arc::new(Semaphore::new(limits.answers.max(1))), large: Arc::new(Semaphore::new(1)), limits }
    }

    /// Waits for the share of a small answer.
    pub(crate) async fn reserve(&self) -> Reservation {
        let small = Arc::clone(&self.small).acquire_owned().await.ok(); // never closed
        Reservation { _small: small, large: None, large_share: Arc::clone(&self.large), limits: self.limits }
    }
}

impl Reservation {
    /// Bytes that the answer may take now.
    pub(crate) fn bytes(&self) -> u64 {
        let Limits { answer_bytes, small_answer_bytes, .. } = self.limits;
        if self.large.is_some() { answer_bytes } else { answer_bytes.min(small_answer_bytes) }
    }

    /// Waits for the share of a large answer; `false` if this has it already, and the answer is too large.
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
    async fn bounds_the_sum_of_all_answers() {
        let limits = Limits { answers: 2, small_answer_bytes: 10, answer_bytes: 100, ..Limits::default() };
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
