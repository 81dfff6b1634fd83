//! The login on this device.

use std::fmt;

use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::{Result, Store};

/// A login to a DIGIT server. Its debug output shows neither the token nor the user.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Base URL of the server.
    pub server: String,
    /// DIGIT tenant, e.g. `mz`.
    pub tenant: String,
    /// The session in the engine's format. Secret: it contains the token.
    pub session: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("server", &self.server).field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

impl Store {
    /// The current login, if any.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn login(&self) -> Result<Option<Login>> {
        self.read(|r| {
            let login = r.conn.query_row("SELECT server, tenant, session FROM login", (), |row| {
                Ok(Login { server: row.get(0)?, tenant: row.get(1)?, session: row.get(2)? })
            });
            Ok(login.optional()?)
        })
    }

    /// Replaces the login. Durable when it returns.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn save_login(&self, login: &Login) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO login (id, server, tenant, session) VALUES (1, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
                    server = excluded.server, tenant = excluded.tenant, session = excluded.session",
                params![login.server, login.tenant, login.session],
            )?;
            Ok(())
        })
    }

    /// Removes the login. The data stays.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn forget_login(&self) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM login", ())?;
            Ok(())
        })
    }
}
