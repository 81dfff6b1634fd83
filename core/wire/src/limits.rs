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
    /// How long a receiver stays on a connection that it has opened, until an offer comes.
    pub parked: Duration,
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
            parked: Duration::from_secs(3600),
        }
    }
}
