//! Choices made on this device.

use rusqlite::OptionalExtension;

use crate::access::Durability;
use crate::recovery::SETTINGS_LOST;
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

    /// Whether a recovery has lost settings, so that one that is missing may have been made.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn are_settings_lost(&self) -> Result<bool> {
        Ok(self.setting(SETTINGS_LOST)?.is_some())
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
