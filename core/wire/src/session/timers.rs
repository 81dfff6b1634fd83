//! The timers of a connection: the silence of the peer, the silence of this side, and the limit of the current state.

use std::time::Duration;

use crate::Limits;

/// The timers of one connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timers {
    limits: Limits,
    last_received: Duration,
    last_sent: Duration,
    /// When the current state times out; `None` if it has no limit.
    pub(super) state_deadline: Option<Duration>,
    /// Whether the peer has reported that it applies the data.
    pub(super) peer_applying: bool,
}

impl Timers {
    /// Timers of a new connection, whose first state ends after `first`.
    pub(super) fn new(limits: Limits, first: Duration, now: Duration) -> Self {
        Self { limits, last_received: now, last_sent: now, state_deadline: Some(now + first), peer_applying: false }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// When a state that has just made progress times out.
    pub(super) fn progress_deadline(&self, now: Duration) -> Option<Duration> {
        Some(now + self.limits.progress)
    }

    pub(super) fn received(&mut self, now: Duration) {
        self.last_received = now;
    }

    pub(super) fn sent(&mut self, now: Duration) {
        self.last_sent = now;
    }

    fn silence_deadline(&self) -> Duration {
        self.last_received + if self.peer_applying { self.limits.silence_applying } else { self.limits.silence }
    }

    /// The latest time of the next call of `due`. `silence_counts` is whether the peer's silence ends the exchange.
    pub(super) fn deadline(&self, silence_counts: bool) -> Duration {
        let heartbeat = self.last_sent + self.limits.heartbeat;
        let silence = silence_counts.then(|| self.silence_deadline());
        [silence, self.state_deadline].into_iter().flatten().fold(heartbeat, Duration::min)
    }

    /// The timer that has expired at `now`, if any.
    pub(super) fn due(&self, silence_counts: bool, now: Duration) -> Option<Due> {
        if self.state_deadline.is_some_and(|ends| ends <= now) {
            Some(Due::StateEnds)
        } else if silence_counts && self.silence_deadline() <= now {
            Some(Due::PeerSilent)
        } else {
            (self.last_sent + self.limits.heartbeat <= now).then_some(Due::Heartbeat)
        }
    }
}

/// A timer that has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The current state has reached its limit.
    StateEnds,
    /// The peer was silent for too long.
    PeerSilent,
    /// It is time to send `Alive`.
    Heartbeat,
}
