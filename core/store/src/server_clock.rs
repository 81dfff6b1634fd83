//! The server's time, as far as this device knows it.

use fieldcast_model::ServerTime;
use rusqlite::OptionalExtension;

use crate::tx::WriteTx;
use crate::{Reader, Result, ServerClock, Store};

impl WriteTx<'_> {
    /// Stores the time that a server reported. The newest report wins.
    pub(crate) fn note_server_clock(&self, ServerClock { server, device }: ServerClock) -> Result<()> {
        let sql = "INSERT OR REPLACE INTO server_clock (id, server, device) VALUES (1, ?, ?)";
        self.conn.execute(sql, [server.0, device])?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The last time that a server reported to this device.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
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
    /// The same errors.
    pub fn server_clock(&self) -> Result<Option<ServerClock>> {
        self.read(|r| r.server_clock())
    }

    /// The server's time now. It is the last reported time plus the elapsed time. The elapsed time is the larger one of
    /// two clocks: the monotonic clock stops while a phone sleeps, and the system clock may be set back. Without a
    /// report, it is this device's clock, `device_now`, in ms since 1970.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn server_now(&self, device_now: i64) -> Result<ServerTime> {
        let Some(clock) = self.server_clock()? else { return Ok(ServerTime(device_now)) };
        let reading = self.clock_reading().filter(|reading| reading.clock == clock);
        let elapsed = reading.map_or(0, |reading| i64::try_from(reading.at.elapsed().as_millis()).unwrap_or(i64::MAX));
        let elapsed = elapsed.max(device_now.saturating_sub(clock.device)).max(0);
        Ok(ServerTime(clock.server.0.saturating_add(elapsed)))
    }
}
