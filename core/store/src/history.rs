//! The history of finished exchanges.

use fieldcast_model::{DeviceName, Digest, Fingerprint, SnapshotSummary};
use rusqlite::{OptionalExtension, Row, params};

use crate::access::Durability;
use crate::rows::{count, packed, signed, unpacked};
use crate::tx::WriteTx;
use crate::{Reader, Result, Store};

/// The maximum number of rows, counted separately for saved and other exchanges: unknown devices cannot push receipts
/// out.
const MAX_ROWS: u64 = 10_000;
/// The maximum number of bytes of offers, counted in the same way. Offers that the user did not accept cannot fill the
/// storage.
const MAX_BYTES: u64 = 16 << 20;
const SAVED: &str = "saved";
/// The result code of a lost connection. Only after this result can an exchange continue.
const LOST: &str = "lost";

/// The role of this device in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeRole {
    /// This device was the distributor.
    Sent,
    /// This device was the receiver.
    Received,
}

/// The result of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeResult {
    /// The receiver saved the data.
    Saved {
        /// The receiver's signed statement and its signature. The caller defines the format.
        receipt: Vec<u8>,
        /// The digest that the receiver now has for each offered dataset. It may differ from the offered one.
        digests: Vec<Digest>,
    },
    /// The exchange ended in another way.
    Ended {
        /// The reason for programs: one of a fixed set of codes.
        code: String,
        /// The reason for users.
        reason: String,
    },
}

/// A finished exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The role of this device.
    pub role: ExchangeRole,
    /// The other device.
    pub peer: Fingerprint,
    /// Its public key. `None` if the device was never reached; always set for a saved exchange.
    pub peer_key: Option<[u8; 32]>,
    /// The name of the other device.
    pub peer_name: DeviceName,
    /// Start time in ms since 1970 on this device's clock.
    pub started: i64,
    /// End time in ms since 1970 on this device's clock.
    pub ended: i64,
    /// The offered snapshots.
    pub offered: Vec<SnapshotSummary>,
    /// Bytes over the sockets in both directions, including TLS.
    pub wire_bytes: u64,
    /// The result.
    pub result: ExchangeResult,
}

impl Reader<'_> {
    /// The latest exchanges, newest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn exchanges(&self, limit: usize) -> Result<Vec<Exchange>> {
        let mut query = self.conn.prepare(
            "SELECT role, peer, peer_key, peer_name, started, ended, offered, wire_bytes, result, reason, receipt,
                 digests
             FROM exchange ORDER BY id DESC LIMIT ?",
        )?;
        let rows = query.query_map([signed(limit as u64)], exchange)?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }
}

impl Store {
    /// See [`Reader::exchanges`].
    ///
    /// # Errors
    /// The same errors.
    pub fn exchanges(&self, limit: usize) -> Result<Vec<Exchange>> {
        self.read(|r| r.exchanges(limit))
    }

    /// Adds a finished exchange and removes the oldest ones above the limits. Durable when it returns. Two kinds of
    /// exchanges are merged with the previous one with the same device and offer: one that continues it after a lost
    /// connection (`continues`), and one that saved the same data again. So a device that connects again and again does
    /// not fill the history.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn add_exchange(&self, exchange: &Exchange, continues: bool) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let mut exchange = exchange.clone();
            if continues {
                merge_previous(tx, &mut exchange)?;
            }
            insert(tx, &exchange)?;
            trim(tx, MAX_ROWS, MAX_BYTES)
        })
    }

    #[cfg(test)]
    pub(crate) fn trim_exchanges(&self, rows: u64, bytes: u64) -> Result<()> {
        self.write(Durability::Full, |tx| trim(tx, rows, bytes))
    }
}

fn role(role: ExchangeRole) -> &'static str {
    match role {
        ExchangeRole::Sent => "sent",
        ExchangeRole::Received => "received",
    }
}

fn insert(tx: &WriteTx<'_>, exchange: &Exchange) -> Result<()> {
    let (result, reason, receipt, digests) = match &exchange.result {
        ExchangeResult::Saved { receipt, digests } => (SAVED, "", Some(receipt), Some(packed(digests))),
        ExchangeResult::Ended { code, reason } => (code.as_str(), reason.as_str(), None, None),
    };
    tx.conn.execute(
        "INSERT INTO exchange
             (role, peer, peer_key, peer_name, started, ended, offered, wire_bytes, result, reason, receipt, digests)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            role(exchange.role),
            exchange.peer.0,
            exchange.peer_key,
            exchange.peer_name.as_str(),
            exchange.started,
            exchange.ended,
            packed(&exchange.offered),
            signed(exchange.wire_bytes),
            result,
            reason,
            receipt,
            digests,
        ],
    )?;
    Ok(())
}

/// Copies the start time and the bytes of the previous exchange into this one, and removes the previous row.
fn merge_previous(tx: &WriteTx<'_>, exchange: &mut Exchange) -> Result<()> {
    // Only the last exchange with this device: any later exchange ends one that lost its connection.
    let lost = "SELECT id, started, wire_bytes FROM (
                    SELECT * FROM exchange WHERE role = ? AND peer = ? ORDER BY id DESC LIMIT 1
                ) WHERE offered = ? AND result = ?";
    // Also with other exchanges in between: a second receipt for the same data is redundant.
    let saved = "SELECT id, started, wire_bytes FROM exchange
                 WHERE role = ? AND peer = ? AND offered = ? AND result = ? ORDER BY id DESC LIMIT 1";
    let saved = matches!(exchange.result, ExchangeResult::Saved { .. }).then_some((saved, SAVED));
    for (before, result) in [(lost, LOST)].into_iter().chain(saved) {
        let with = params![role(exchange.role), exchange.peer.0, packed(&exchange.offered), result];
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, count(row, 2)?));
        if let Some((id, started, bytes)) = tx.conn.query_row(before, with, read).optional()? {
            exchange.started = started;
            exchange.wire_bytes = exchange.wire_bytes.saturating_add(bytes);
            tx.conn.execute("DELETE FROM exchange WHERE id = ?", [id])?;
        }
    }
    Ok(())
}

fn trim(tx: &WriteTx<'_>, rows: u64, bytes: u64) -> Result<()> {
    tx.conn.execute(
        "DELETE FROM exchange WHERE id IN (
             SELECT id FROM (
                 SELECT id, row_number() OVER kind AS place, sum(length(offered)) OVER kind AS bytes FROM exchange
                 WINDOW kind AS (PARTITION BY receipt IS NULL ORDER BY id DESC)
             ) WHERE place > ? OR bytes > ?)",
        params![signed(rows), signed(bytes)],
    )?;
    Ok(())
}

fn exchange(row: &Row<'_>) -> rusqlite::Result<Exchange> {
    let (role, name): (String, String) = (row.get(0)?, row.get(3)?);
    let result = match row.get(10)? {
        Some(receipt) => ExchangeResult::Saved { receipt, digests: unpacked(row, 11)? },
        None => ExchangeResult::Ended { code: row.get(8)?, reason: row.get(9)? },
    };
    Ok(Exchange {
        role: if role == "sent" { ExchangeRole::Sent } else { ExchangeRole::Received },
        peer: Fingerprint(row.get(1)?),
        peer_key: row.get(2)?,
        peer_name: DeviceName::new(&name),
        started: row.get(4)?,
        ended: row.get(5)?,
        offered: unpacked(row, 6)?,
        wire_bytes: count(row, 7)?,
        result,
    })
}
