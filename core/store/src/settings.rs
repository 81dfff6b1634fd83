//! Choices made on this device.

use rusqlite::OptionalExtension;

use crate::access::Durability;
use crate::{Result, Store};

impl Store {
    /// The value of a setting, `None` when it was never made.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        self.read(|r| {
            Ok(r.conn.query_row("SELECT value FROM setting WHERE key = ?", [key], |row| row.get(0)).optional()?)
        })
    }

    /// Makes a setting; durable when it returns.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn set_setting(&self, key: &str, value: &str) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [key, value],
            )?;
            Ok(())
        })
    }
}
