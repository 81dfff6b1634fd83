//! When a device connects again after a connection was lost, and when it gives up.

use std::time::Duration;

use crate::{EndReason, ExchangeState};

/// The pauses between attempts to connect.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    next: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(500);
    const LONGEST: Duration = Duration::from_secs(8);

    /// The pause before the next attempt. It doubles with each attempt, up to 8 s.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = Self::LONGEST.min(pause * 2);
        pause
    }

    /// The last attempt was useful, so the next pause is the shortest.
    pub fn reset(&mut self) {
        self.next = Self::FIRST;
    }

    /// Resets the pause if the last connection was not over at once.
    pub fn after_connection(&mut self, lasted: Duration) {
        if lasted > Self::LONGEST {
            self.reset();
        }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: Self::FIRST }
    }
}

/// How long a distributor tries to reach one receiver again. The limit counts from the last progress.
#[derive(Clone, Debug)]
pub struct Resumption {
    limit: Duration,
    backoff: Backoff,
    /// The last progress, or the last time that this side detected a loss itself. A receiver that reconnects without
    /// progress does not extend the time. `None` before the first attempt.
    last_progress: Option<Duration>,
    /// Consecutive connection losses before the receiver's consent.
    losses_before_consent: u32,
    has_staged: bool,
}

impl Resumption {
    /// How many losses before consent restart the limit.
    const MAX_LOSSES_BEFORE_CONSENT: u32 = 5;

    /// No attempt was made yet. `limit` is the longest time without progress.
    pub fn new(limit: Duration) -> Self {
        Self { limit, backoff: Backoff::default(), last_progress: None, losses_before_consent: 0, has_staged: false }
    }

    /// An attempt begins.
    pub fn begin(&mut self, now: Duration) {
        self.last_progress.get_or_insert(now);
        self.has_staged = false;
    }

    /// A network is available again. Time without a network does not count.
    pub fn on_network(&mut self, now: Duration) {
        self.last_progress = Some(now);
    }

    /// The exchange has entered this state.
    pub fn on_state(&mut self, state: &ExchangeState, now: Duration) {
        use ExchangeState as S;
        if matches!(state, S::Confirming | S::Planning | S::Transferring | S::Applying) {
            (self.last_progress, self.losses_before_consent) = (Some(now), 0);
        }
    }

    /// More data is on the receiver's disk.
    pub fn on_staged(&mut self, now: Duration) {
        (self.last_progress, self.has_staged) = (Some(now), true);
    }

    /// This side detected in this state ([`lost_in`](crate::ExchangeMachine::lost_in)) that the connection is lost. At
    /// most 5 losses before consent restart the limit.
    pub fn on_loss(&mut self, state: &ExchangeState, now: Duration) {
        if matches!(state, ExchangeState::Greeting | ExchangeState::Asking) {
            self.losses_before_consent += 1;
        }
        if self.losses_before_consent <= Self::MAX_LOSSES_BEFORE_CONSENT {
            self.last_progress = Some(now);
        }
    }

    /// When to give up.
    pub fn gives_up_at(&self, now: Duration) -> Duration {
        self.last_progress.unwrap_or(now) + self.limit
    }

    /// The pause before the next attempt; `None` if there is none. `is_proven` is whether the device that answered has
    /// proven the receiver's key: another device does not end the attempts, because the receiver may be elsewhere.
    pub fn retry(&mut self, reason: &EndReason, is_proven: bool, now: Duration) -> Option<Duration> {
        let may_pass = !is_proven || matches!(reason, EndReason::Lost | EndReason::Unreachable(_));
        if !may_pass || now >= self.gives_up_at(now) {
            return None;
        }
        if self.has_staged {
            self.backoff.reset();
        }
        Some(self.backoff.pause())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pauses(resumption: &mut Resumption, count: usize) -> Vec<u128> {
        let mut pause = || resumption.retry(&EndReason::Lost, true, Duration::ZERO).map(|pause| pause.as_millis());
        (0..count).map_while(|_| pause()).collect()
    }

    #[test]
    fn doubles_pauses_until_data_is_staged() {
        let mut resumption = Resumption::new(60 * SECOND);
        resumption.begin(Duration::ZERO);
        assert_eq!(pauses(&mut resumption, 6), [500, 1_000, 2_000, 4_000, 8_000, 8_000]);
        resumption.on_staged(Duration::ZERO);
        assert_eq!(pauses(&mut resumption, 1), [500]);
    }

    #[test]
    fn gives_up_after_the_limit_without_progress() {
        let mut resumption = Resumption::new(60 * SECOND);
        resumption.begin(Duration::ZERO);
        assert!(resumption.retry(&EndReason::Lost, true, 59 * SECOND).is_some());
        resumption.on_staged(50 * SECOND);
        assert!(resumption.retry(&EndReason::Lost, true, 109 * SECOND).is_some());
        assert!(resumption.retry(&EndReason::Lost, true, 110 * SECOND).is_none());
    }

    #[test]
    fn extends_the_limit_for_few_losses_before_consent() {
        let mut resumption = Resumption::new(60 * SECOND);
        for loss in 1..10 {
            resumption.on_loss(&ExchangeState::Asking, loss * 50 * SECOND);
        }
        assert_eq!(resumption.gives_up_at(Duration::ZERO), (5 * 50 + 60) * SECOND);
        resumption.on_state(&ExchangeState::Planning, 600 * SECOND);
        resumption.on_loss(&ExchangeState::Transferring, 640 * SECOND);
        assert_eq!(resumption.gives_up_at(Duration::ZERO), 700 * SECOND);
    }

    #[test]
    fn retries_only_what_can_pass() {
        let mut resumption = Resumption::new(60 * SECOND);
        resumption.begin(Duration::ZERO);
        assert!(resumption.retry(&EndReason::Declined, true, SECOND).is_none());
        assert!(resumption.retry(&EndReason::WrongDevice, false, SECOND).is_some());
    }
}
