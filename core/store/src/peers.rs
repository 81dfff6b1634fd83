//! Trusted devices: the user compared their code once.

use fieldcast_model::{DeviceName, Fingerprint};
use rusqlite::params;

use crate::access::Durability;
use crate::{Result, Store};

/// A device whose key was verified by comparing the code on both screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedPeer {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// Its name when it was trusted.
    pub name: DeviceName,
    /// When it was trusted, in ms since 1970 on this device's clock.
    pub since: i64,
}

impl Store {
    /// Trusts a device, or changes its name. Durable when it returns.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn trust_peer(&self, peer: &TrustedPeer) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO peer (fingerprint, name, since) VALUES (?, ?, ?)
                 ON CONFLICT (fingerprint) DO UPDATE SET name = excluded.name, since = excluded.since",
                params![peer.fingerprint.0, peer.name.as_str(), peer.since],
            )?;
            Ok(())
        })
    }

    /// Whether a device is trusted.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn trusts_peer(&self, fingerprint: &Fingerprint) -> Result<bool> {
        self.read(|r| {
            let known = "SELECT EXISTS (SELECT 1 FROM peer WHERE fingerprint = ?)";
            Ok(r.conn.query_row(known, [fingerprint.0], |row| row.get(0))?)
        })
    }

    /// All trusted devices, by name.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn trusted_peers(&self) -> Result<Vec<TrustedPeer>> {
        self.read(|r| {
            let mut query = r.conn.prepare("SELECT fingerprint, name, since FROM peer ORDER BY name, fingerprint")?;
            let peers = query.query_map((), |row| {
                let name: String = row.get(1)?;
                Ok(TrustedPeer {
                    fingerprint: Fingerprint(row.get(0)?),
                    name: DeviceName::new(&name),
                    since: row.get(2)?,
                })
            })?;
            Ok(peers.collect::<std::result::Result<_, _>>()?)
        })
    }

    /// Removes the trust in a device: its code will be compared again. Returns whether it was trusted.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn forget_peer(&self, fingerprint: &Fingerprint) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            Ok(tx.conn.execute("DELETE FROM peer WHERE fingerprint = ?", [fingerprint.0])? > 0)
        })
    }
}
