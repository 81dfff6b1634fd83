//! Retries: when, how often, and when to stop.

use std::time::Duration;

use crate::config::RetryPolicy;
use crate::error::Error;
use crate::failure::{Failure, Retry};

/// The attempts of one request.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: RetryPolicy,
    failed: u32,
}

impl Attempts {
    pub(crate) fn new(policy: RetryPolicy) -> Self {
        Self { policy, failed: 0 }
    }

    /// The number of failed attempts.
    pub(crate) fn failed(&self) -> u32 {
        self.failed
    }

    /// Waits before the next attempt. Returns the error if there are no more attempts.
    pub(crate) async fn wait_after(&mut self, failure: Failure) -> Result<(), Error> {
        self.failed += 1;
        if failure.retry == Retry::No || self.failed >= self.policy.attempts {
            return Err(failure.error);
        }
        let wait = self.pause(failure.retry);
        tracing::debug!(attempt = self.failed, wait_ms = wait.as_millis() as u64, error = %failure.error, "trying again");
        tokio::time::sleep(wait).await;
        Ok(())
    }

    /// Full jitter: if a cell tower disconnects many phones together, they do not reconnect together.
    fn pause(&self, retry: Retry) -> Duration {
        let bound = self.policy.base.saturating_mul(1 << (self.failed - 1).min(16)).min(self.policy.cap);
        let jittered = bound.mul_f64((self.policy.random)().clamp(0.0, 1.0));
        match retry {
            Retry::After(asked) => asked.min(self.policy.cap) + jittered,
            _ => jittered,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    fn policy(attempts: u32) -> RetryPolicy {
        RetryPolicy { attempts, base: Duration::from_secs(1), cap: Duration::from_secs(10), random: || 1.0 }
    }

    fn failure(retry: Retry) -> Failure {
        Failure { error: Error::unreachable("x"), retry }
    }

    #[tokio::test(start_paused = true)]
    async fn doubles_waits_up_to_cap_then_fails() {
        let mut attempts = Attempts::new(policy(7));
        for seconds in [1, 2, 4, 8, 10, 10] {
            let start = Instant::now();
            attempts.wait_after(failure(Retry::Yes)).await.unwrap();
            assert_eq!(start.elapsed(), Duration::from_secs(seconds));
        }
        assert_eq!(attempts.wait_after(failure(Retry::Yes)).await, Err(Error::unreachable("x")));
    }

    #[tokio::test(start_paused = true)]
    async fn obeys_retry_after_up_to_cap() {
        let mut attempts = Attempts::new(RetryPolicy { random: || 0.0, ..policy(9) });
        for (asked, waited) in [(5, 5), (3600, 10)] {
            let start = Instant::now();
            attempts.wait_after(failure(Retry::After(Duration::from_secs(asked)))).await.unwrap();
            assert_eq!(start.elapsed(), Duration::from_secs(waited));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn never_retries_permanent_errors() {
        let start = Instant::now();
        assert!(Attempts::new(policy(9)).wait_after(failure(Retry::No)).await.is_err());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[test]
    fn draws_jitter_between_zero_and_one() {
        let random = RetryPolicy::default().random;
        let samples: Vec<f64> = (0..100).map(|_| random()).collect();
        assert!(samples.iter().all(|x| (0.0..=1.0).contains(x)) && samples.iter().any(|x| *x != samples[0]));
    }
}
