//! Trusted campaigns, the grants they gave this device, and the devices they revoked.

use rusqlite::params;

use crate::access::Durability;
use crate::{Result, Store};

/// A campaign whose key this device trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// The display name.
    pub name: String,
    /// The number of its newest revocation list.
    pub revoked_number: Option<u32>,
    /// The newest revocation list, as signed text.
    pub revocations: Option<String>,
    /// When the user trusted it, in ms since 1970 on this device's clock.
    pub since: i64,
}

impl Store {
    /// Trusts a campaign, or changes its name. Durable when it returns.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn trust_campaign(&self, key: &[u8; 32], name: &str, since: i64) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO campaign (key, name, since) VALUES (?, ?, ?)
                 ON CONFLICT (key) DO UPDATE SET name = excluded.name",
                params![key, name, since],
            )?;
            Ok(())
        })
    }

    /// All trusted campaigns, by name.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn campaigns(&self) -> Result<Vec<Campaign>> {
        self.read(|r| {
            let mut query = r
                .conn
                .prepare("SELECT key, name, revoked_number, revoked_list, since FROM campaign ORDER BY name, key")?;
            let campaigns = query.query_map((), |row| {
                Ok(Campaign {
                    key: row.get(0)?,
                    name: row.get(1)?,
                    revoked_number: row.get(2)?,
                    revocations: row.get(3)?,
                    since: row.get(4)?,
                })
            })?;
            Ok(campaigns.collect::<std::result::Result<_, _>>()?)
        })
    }

    /// Removes a trusted campaign with its grants and revocations. Returns whether the campaign was trusted.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn forget_campaign(&self, key: &[u8; 32]) -> Result<bool> {
        self.write(Durability::Full, |tx| Ok(tx.conn.execute("DELETE FROM campaign WHERE key = ?", [key])? > 0))
    }

    /// Stores a revocation list if its campaign is trusted and the list is newer than the stored one. Returns whether
    /// it was stored.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn keep_revocations(&self, campaign: &[u8; 32], number: u32, list: &str) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            let newer = "UPDATE campaign SET revoked_number = ?2, revoked_list = ?3
                         WHERE key = ?1 AND (revoked_number IS NULL OR revoked_number < ?2)";
            Ok(tx.conn.execute(newer, params![campaign, number, list])? > 0)
        })
    }

    /// Stores a grant of a trusted campaign for this device. Durable when it returns.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn keep_grant(&self, campaign: &[u8; 32], statement: &str) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO held_grant (statement, campaign) VALUES (?, ?) ON CONFLICT DO NOTHING",
                params![statement, campaign],
            )?;
            Ok(())
        })
    }

    /// The grants of all campaigns for this device, newest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn held_grants(&self) -> Result<Vec<String>> {
        self.read(|r| {
            let mut query = r.conn.prepare("SELECT statement FROM held_grant ORDER BY rowid DESC")?;
            let statements = query.query_map((), |row| row.get(0))?;
            Ok(statements.collect::<std::result::Result<_, _>>()?)
        })
    }
}
