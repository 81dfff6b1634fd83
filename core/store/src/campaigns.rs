//! Campaigns that are trusted, what they have granted this device, and whom they have revoked.

use rusqlite::params;

use crate::access::Durability;
use crate::{Result, Store};

/// A campaign whose key is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Its Ed25519 public key.
    pub key: [u8; 32],
    /// What people call it.
    pub name: String,
    /// The number of its newest list of revoked devices.
    pub revoked_number: Option<u32>,
    /// That list, as it was signed.
    pub revocations: Option<String>,
    /// When it was trusted, in milliseconds since 1970 by this device's clock.
    pub since: i64,
}

impl Store {
    /// Trusts a campaign, or changes what it is called; durable when it returns.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
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

    /// Every trusted campaign, by name.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
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

    /// Trusts a campaign no more, and forgets what it has granted and revoked; tells whether it was trusted.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn forget_campaign(&self, key: &[u8; 32]) -> Result<bool> {
        self.write(Durability::Full, |tx| Ok(tx.conn.execute("DELETE FROM campaign WHERE key = ?", [key])? > 0))
    }

    /// Keeps a list of revoked devices if it is newer than the one there is, and its campaign trusted; tells whether.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn keep_revocations(&self, campaign: &[u8; 32], number: u32, list: &str) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            let newer = "UPDATE campaign SET revoked_number = ?2, revoked_list = ?3
                         WHERE key = ?1 AND (revoked_number IS NULL OR revoked_number < ?2)";
            Ok(tx.conn.execute(newer, params![campaign, number, list])? > 0)
        })
    }

    /// Keeps what a trusted campaign has granted this device; durable when it returns.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn keep_grant(&self, campaign: &[u8; 32], statement: &str) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO held_grant (statement, campaign) VALUES (?, ?) ON CONFLICT DO NOTHING",
                params![statement, campaign],
            )?;
            Ok(())
        })
    }

    /// What campaigns have granted this device, newest first.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn held_grants(&self) -> Result<Vec<String>> {
        self.read(|r| {
            let mut query = r.conn.prepare("SELECT statement FROM held_grant ORDER BY rowid DESC")?;
            let statements = query.query_map((), |row| row.get(0))?;
            Ok(statements.collect::<std::result::Result<_, _>>()?)
        })
    }
}
