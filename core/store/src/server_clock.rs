//! What time it is for the server, as well as this device knows.

use std::time::Instant;

use fieldcast_model::ServerTime;
use rusqlite::OptionalExtension;

use crate::tx::WriteTx;
use crate::{Reader, Result, Store};

/// What a server said in a download of this device; never another device's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerClock {
    /// The server's clock.
    pub server: ServerTime,
    /// This device's clock at the same time, in ms since 1970.
    pub device: i64,
}

/// When this process heard what it knows of the server's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClockReading {
    clock: ServerClock,
    at: Instant,
}

impl WriteTx<'_> {
    /// Keeps what a server says its time is, the newest word.
    pub(crate) fn note_server_clock(&self, ServerClock { server, device }: ServerClock) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO server_clock (id, server, device) VALUES (1, ?, ?)";
        self.conn.execute(sql, [server.0, device])?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The newest time a server has told this device.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn server_clock(&self) -> Result<Option<ServerClock>> {
        let clock = self.conn.query_row("SELECT server, device FROM server_clock", (), |row| {
            Ok(ServerClock { server: ServerTime(row.get(0)?), device: row.get(1)? })
        });
        Ok(clock.optional()?)
    }
}

impl Store {
    /// See [`Reader::server_clock`].
    ///
    /// # Errors
    /// As there.
    pub fn server_clock(&self) -> Result<Option<ServerClock>> {
        self.read(|r| r.server_clock())
    }

    /// The server's time now: what it last told this device and the time since, by whichever clock has counted more (the
    /// monotonic one stands still while a phone sleeps, the other may be set back); else this device's clock, `device_now`
    /// in ms since 1970.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn server_now(&self, device_now: i64) -> Result<ServerTime> {
        let Some(clock) = self.server_clock()? else { return Ok(ServerTime(device_now)) };
        let heard = self.heard().filter(|heard| heard.clock == clock);
        let elapsed = heard.map_or(0, |heard| i64::try_from(heard.at.elapsed().as_millis()).unwrap_or(i64::MAX));
        let elapsed = elapsed.max(device_now.saturating_sub(clock.device)).max(0);
        Ok(ServerTime(clock.server.0.saturating_add(elapsed)))
    }
}

impl ClockReading {
    pub(crate) fn now(clock: ServerClock) -> Self {
        Self { clock, at: Instant::now() }
    }
}
