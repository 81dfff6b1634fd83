//! The history: exchanges that are over.

use fieldcast_model::{DeviceName, Digest, Fingerprint, SnapshotSummary};
use rusqlite::{OptionalExtension, Row, params};

use crate::access::Durability;
use crate::rows::{count, packed, signed, unpacked};
use crate::tx::WriteTx;
use crate::{Reader, Result, Store};

/// The most rows kept of those that were saved, and of the others: strangers cannot push receipts out.
const MOST_ROWS: u64 = 10_000;
/// The most bytes kept of what was offered, counted likewise. A stranger whose offer nobody accepts fills no phone.
const MOST_BYTES: u64 = 16 << 20;
const SAVED: &str = "saved";
/// The code of the only end after which an exchange may go on.
const LOST: &str = "lost";

/// What this device did in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeRole {
    /// It was the distributor.
    Sent,
    /// It was the receiver.
    Received,
}

/// How an exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeResult {
    /// Saved.
    Saved {
        /// What the receiver signed and its signature; in what form is the caller's.
        receipt: Vec<u8>,
        /// What it says the receiver has now of each offered dataset, which may not be what was offered.
        digests: Vec<Digest>,
    },
    /// It ended otherwise.
    Ended {
        /// The reason for programs, one of a closed set.
        code: String,
        /// The reason for people.
        reason: String,
    },
}

/// An exchange that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What this device did.
    pub role: ExchangeRole,
    /// The other device.
    pub peer: Fingerprint,
    /// Its public key; `None` if it was never reached, so never for one that was saved.
    pub peer_key: Option<[u8; 32]>,
    /// What it called itself.
    pub peer_name: DeviceName,
    /// When it began, in milliseconds since 1970 by this device's clock.
    pub started: i64,
    /// When it ended, likewise.
    pub ended: i64,
    /// What was offered.
    pub offered: Vec<SnapshotSummary>,
    /// Bytes over the sockets, both ways, TLS included.
    pub wire_bytes: u64,
    /// How it ended.
    pub result: ExchangeResult,
}

impl Reader<'_> {
    /// The newest exchanges, the newest first.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
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
    /// As there.
    pub fn exchanges(&self, limit: usize) -> Result<Vec<Exchange>> {
        self.read(|r| r.exchanges(limit))
    }

    /// Adds an exchange that is over, and lets the oldest go where there are too many; durable when it returns. One that
    /// `goes_on` where the last one with the same device and offer lost its connection becomes one with that. So does one
    /// that is saved again, with nobody asked and nothing new: a device that calls over and over fills no history.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn add_exchange(&self, exchange: &Exchange, goes_on: bool) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let mut exchange = exchange.clone();
            if goes_on {
                take_over(tx, &mut exchange)?;
            }
            insert(tx, &exchange)?;
            trim(tx, MOST_ROWS, MOST_BYTES)
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

/// Takes over when the exchange before began and what it cost, and removes its row.
fn take_over(tx: &WriteTx<'_>, exchange: &mut Exchange) -> Result<()> {
    // Only the last with that device: whatever came in between has ended what broke off before.
    let lost = "SELECT id, started, wire_bytes FROM (
                    SELECT * FROM exchange WHERE role = ? AND peer = ? ORDER BY id DESC LIMIT 1
                ) WHERE offered = ? AND result = ?";
    // Whatever came in between, a receipt for the same is one too many.
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
