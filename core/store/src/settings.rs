//! Settings of this device.

use rusqlite::OptionalExtension;

use crate::access::Durability;
use crate::recovery::SETTINGS_LOST;
use crate::{Result, Store};

impl Store {
    /// The value of a setting; `None` if it was never set.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn setting(&self, key: &str) -> Result<Option<String>> {
        self.read(|r| {
            Ok(r.conn.query_row("SELECT value FROM setting WHERE key = ?", [key], |row| row.get(0)).optional()?)
        })
    }

    /// Whether a recovery has lost settings. Then a missing setting may have been set before.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn are_settings_lost(&self) -> Result<bool> {
        Ok(self.setting(SETTINGS_LOST)?.is_some())
    }

    /// Stores a setting. Durable when it returns.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
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
