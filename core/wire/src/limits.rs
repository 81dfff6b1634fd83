//! Time limits of an exchange. Both state machines take them as a value, so that a test can shorten them.

use std::time::Duration;

/// The longest duration of each wait in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the connection to the end of the greeting.
    pub greeting: Duration,
    /// Until the user answers "Receive ...?".
    pub asking: Duration,
    /// Between two messages from the peer.
    pub silence: Duration,
    /// Between two messages from the peer while it applies the data. Longer than `silence`, because a slow disk can
    /// delay the peer.
    pub silence_applying: Duration,
    /// Between two steps of progress (an answer, a manifest, a chunk, a report of chunks on disk) after the user has
    /// accepted. `Alive` messages do not extend this limit: a peer that only says "alive" cannot block this side
    /// indefinitely.
    pub progress: Duration,
    /// Between two steps of progress while the peer applies the data. The last step, which flushes everything, can take
    /// long.
    pub applying: Duration,
    /// How often this side sends `Alive` when it has nothing else to send.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            greeting: Duration::from_secs(10),
            asking: Duration::from_secs(120),
            silence: Duration::from_secs(15),
            silence_applying: Duration::from_secs(60),
            progress: Duration::from_secs(60),
            applying: Duration::from_secs(180),
            heartbeat: Duration::from_secs(4),
        }
    }
}

/// The timers that both machines share: the silence of the peer, the silence of this side, and the limit of the state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    limits: Limits,
    heard: Duration,
    spoke: Duration,
    /// When the current state times out; `None` if it has no limit.
    pub(crate) state_ends: Option<Duration>,
    /// Whether the peer has reported that it applies the data.
    pub(crate) peer_applying: bool,
}

impl Timers {
    pub(crate) fn new(limits: Limits, now: Duration) -> Self {
        Self { limits, heard: now, spoke: now, state_ends: Some(now + limits.greeting), peer_applying: false }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// When a state that has just made progress times out.
    pub(crate) fn progress_ends(&self, now: Duration) -> Option<Duration> {
        Some(now + self.limits.progress)
    }

    pub(crate) fn heard(&mut self, now: Duration) {
        self.heard = now;
    }

    pub(crate) fn spoke(&mut self, now: Duration) {
        self.spoke = now;
    }

    fn silence_ends(&self) -> Duration {
        self.heard + if self.peer_applying { self.limits.silence_applying } else { self.limits.silence }
    }

    /// The latest time of the next call of `due`. `silence_counts` is whether the peer's silence ends the exchange.
    pub(crate) fn deadline(&self, silence_counts: bool) -> Duration {
        let heartbeat = self.spoke + self.limits.heartbeat;
        let silence = silence_counts.then(|| self.silence_ends());
        [silence, self.state_ends].into_iter().flatten().fold(heartbeat, Duration::min)
    }

    /// The timer that has expired at `now`, if any.
    pub(crate) fn due(&self, silence_counts: bool, now: Duration) -> Option<Due> {
        if self.state_ends.is_some_and(|ends| ends <= now) {
            Some(Due::StateEnds)
        } else if silence_counts && self.silence_ends() <= now {
            Some(Due::PeerSilent)
        } else {
            (self.spoke + self.limits.heartbeat <= now).then_some(Due::Heartbeat)
        }
    }
}

/// A timer that has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The current state has reached its limit.
    StateEnds,
    /// The peer was silent for too long.
    PeerSilent,
    /// It is time to send `Alive`.
    Heartbeat,
}
