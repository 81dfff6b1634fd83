//! What a server's clock showed, and when.

use std::time::Instant;

use fieldcast_model::ServerTime;

/// The clock that a server reported in a download by this device. Another device never sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    /// The server's clock.
    pub server: ServerTime,
    /// This device's clock at the same time, in ms since 1970.
    pub device: i64,
}

/// The last server clock and when this process received it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    pub(crate) clock: ServerClock,
    pub(crate) at: Instant,
}

impl ClockReading {
    pub(crate) fn now(clock: ServerClock) -> Self {
        Self { clock, at: Instant::now() }
    }
}
