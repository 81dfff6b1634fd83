//! How long each wait may last. Both machines take them as a value, so a test can shorten what it looks at.

use std::time::Duration;

/// The longest each wait of an exchange may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the connection to the end of the greeting.
    pub greeting: Duration,
    /// For a person to answer "Receive ...?".
    pub asking: Duration,
    /// Between one sign of life of the peer and the next.
    pub silence: Duration,
    /// Between one sign of life and the next while the peer says it is applying: a slow disk may hold it up.
    pub silence_applying: Duration,
    /// Between one step forward (an answer, a manifest, a chunk, a report of chunks on disk) and the next, once the person
    /// has said yes: signs of life alone keep nobody waiting for ever.
    pub progress: Duration,
    /// Between one step forward of the peer's apply and the next: the last one, the flush of all of it, may take long.
    pub applying: Duration,
    /// How often this side gives a sign of life when it has nothing else to say.
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

/// The timers both machines share: the peer's silence, this side's own, and the time a state may last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timers {
    limits: Limits,
    heard: Duration,
    spoke: Duration,
    /// When the present state ends by itself, if it does.
    pub(crate) state_ends: Option<Duration>,
    /// Whether the peer has said that it is applying.
    pub(crate) peer_applying: bool,
}

impl Timers {
    pub(crate) fn new(limits: Limits, now: Duration) -> Self {
        Self { limits, heard: now, spoke: now, state_ends: Some(now + limits.greeting), peer_applying: false }
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// When a state that has just come a step forward ends by itself.
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

    /// When something is due at the latest; the peer's silence counts only if it would end the exchange.
    pub(crate) fn deadline(&self, silence_counts: bool) -> Duration {
        let heartbeat = self.spoke + self.limits.heartbeat;
        let silence = silence_counts.then(|| self.silence_ends());
        [silence, self.state_ends].into_iter().flatten().fold(heartbeat, Duration::min)
    }

    /// What is due now.
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

/// What a look at the clock brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The present state has lasted as long as it may.
    StateEnds,
    /// The peer has been silent for too long.
    PeerSilent,
    /// A sign of life of our own.
    Heartbeat,
}
