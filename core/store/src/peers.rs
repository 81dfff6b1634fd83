//! Devices that are known: their code was compared once.

use fieldcast_model::{DeviceName, Fingerprint};
use rusqlite::params;

use crate::access::Durability;
use crate::{Result, Store};

/// A device whose key was verified by people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedPeer {
    /// Who it is.
    pub fingerprint: Fingerprint,
    /// What it called itself when it was remembered.
    pub name: DeviceName,
    /// When that was, in milliseconds since 1970 by this device's clock.
    pub since: i64,
}

impl Store {
    /// Remembers a device, or what it is called now; durable when it returns.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
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

    /// Whether a device was remembered.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn trusts_peer(&self, fingerprint: &Fingerprint) -> Result<bool> {
        self.read(|r| {
            let known = "SELECT EXISTS (SELECT 1 FROM peer WHERE fingerprint = ?)";
            Ok(r.conn.query_row(known, [fingerprint.0], |row| row.get(0))?)
        })
    }

    /// Every remembered device, by name.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
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

    /// Forgets a device, whose code will be compared anew; tells whether it was known.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn forget_peer(&self, fingerprint: &Fingerprint) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            Ok(tx.conn.execute("DELETE FROM peer WHERE fingerprint = ?", [fingerprint.0])? > 0)
        })
    }
}
