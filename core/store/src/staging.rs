//! Received chunks that are not applied yet.

use std::collections::HashSet;

use fieldcast_model::{DeviceName, Fingerprint, SnapshotSummary};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{count, packed, shown_text, unpacked};
use crate::tx::WriteTx;
use crate::verify::chunk_hash;
use crate::{Error, Reader, Result, Store};

/// How many bundles are kept besides the current one, so unfinished bundles do not fill the storage.
const OTHERS_KEPT: u32 = 4;

/// A bundle that this device receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its id: the hash of the offer and of the offering device.
    pub bundle_id: [u8; 32],
    /// The offered snapshots.
    pub offered: Vec<SnapshotSummary>,
    /// The sending device.
    pub sender: Fingerprint,
    /// The name of the sender.
    pub sender_name: DeviceName,
}

/// The user's decision about a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// No decision, or the user withdrew the acceptance.
    None,
    /// The user accepted the bundle; the transfer is not finished.
    Given,
    /// The user accepted the bundle, and it was applied.
    Spent,
}

/// A bundle and its transfer progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingStatus {
    /// The bundle.
    pub incoming: Incoming,
    /// The number of staged chunks.
    pub chunks: u64,
    /// The bytes of the staged chunks.
    pub bytes: u64,
}

impl Store {
    /// Stores a bundle. A second call with the same bundle resumes it.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn begin_incoming(&self, incoming: &Incoming) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let Incoming { bundle_id, offered, sender, sender_name } = incoming;
            tx.conn.execute(
                "INSERT INTO incoming (bundle, offered, sender, sender_name, begun)
                    VALUES (?, ?, ?, ?, (SELECT ifnull(max(begun), 0) + 1 FROM incoming))
                 ON CONFLICT (bundle) DO UPDATE SET sender_name = excluded.sender_name, begun = excluded.begun",
                params![bundle_id, packed(offered), sender.0, sender_name.as_str()],
            )?;
            Ok(())
        })
    }

    /// Removes bundles other than `current` with their chunks. It removes all except the few newest, and those without
    /// new data: every dataset in them is on this device in the same version, or in a later one with at least as many
    /// records.
    ///
    /// # Errors
    /// Fails if the database cannot be read or written.
    pub fn trim_incoming(&self, current: &[u8; 32]) -> Result<()> {
        self.write(Durability::Normal, |tx| {
            let oldest = "DELETE FROM incoming WHERE bundle <> ?1 AND id NOT IN
                (SELECT id FROM incoming WHERE bundle <> ?1 ORDER BY begun DESC LIMIT ?2)";
            tx.conn.execute(oldest, params![current, OTHERS_KEPT])?;
            let reader = tx.reader()?;
            let is_here = |offered: &SnapshotSummary| {
                let Some(ours) = reader.summary(&offered.dataset)? else { return Ok(false) };
                let is_later = ours.as_of >= offered.as_of && ours.records >= offered.records;
                Ok::<_, Error>(ours.digest == offered.digest || is_later)
            };
            for IncomingStatus { incoming: Incoming { bundle_id, offered, .. }, .. } in reader.incoming()? {
                let is_all_here = offered.iter().try_fold(true, |all, one| Ok::<_, Error>(all && is_here(one)?))?;
                if is_all_here && bundle_id != *current {
                    tx.conn.execute("DELETE FROM incoming WHERE bundle = ?", [bundle_id])?;
                }
            }
            Ok(())
        })
    }

    /// Returns which of the bundle's `chunks` are already staged: by an earlier attempt, or by another bundle, from
    /// which they are moved. Drops damaged chunks.
    ///
    /// # Errors
    /// [`Error::NoSuchBundle`] if the bundle was discarded meanwhile. Also fails if the database cannot be written.
    pub fn resume_incoming(&self, bundle_id: &[u8; 32], chunks: &[[u8; 32]]) -> Result<HashSet<[u8; 32]>> {
        self.write(Durability::Full, |tx| {
            let incoming = tx.incoming(bundle_id)?;
            let mut take = tx.conn.prepare("UPDATE staged_chunk SET incoming = ? WHERE hash = ?")?;
            for hash in chunks {
                take.execute(params![incoming, hash])?;
            }
            tx.drop_damaged_chunks("staged_chunk", "incoming = ?", [incoming])?;
            tx.reader()?.staged(bundle_id)
        })
    }

    /// Stores verified chunks. Durable when it returns. Each call flushes once, so pass several chunks at a time.
    ///
    /// # Errors
    /// [`Error::NoSuchBundle`] if the bundle was discarded meanwhile. Also fails if the database cannot be written. On
    /// error, no chunk is stored.
    pub fn stage_chunks(&self, bundle_id: &[u8; 32], chunks: &[([u8; 32], Vec<u8>)]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let incoming = tx.incoming(bundle_id)?;
            let mut put = tx.conn.prepare(
                "INSERT INTO staged_chunk (hash, incoming, bytes) VALUES (?, ?, ?)
                 ON CONFLICT (hash) DO UPDATE SET incoming = excluded.incoming",
            )?;
            for (hash, bytes) in chunks {
                put.execute(params![hash, incoming, bytes])?;
            }
            Ok(())
        })
    }

    /// Removes an applied or refused bundle and its chunks.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn discard_incoming(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM incoming WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Removes the bundles of a sender that were not applied, with their chunks. The user must accept them again.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn withdraw_incoming(&self, sender: &Fingerprint) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM incoming WHERE sender = ? AND consent < 2", [sender.0])?;
            Ok(())
        })
    }

    /// Drops the chunks of an applied bundle. Its acceptance stays stored.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn finish_incoming(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Normal, |tx| {
            let chunks = "DELETE FROM staged_chunk WHERE incoming = (SELECT id FROM incoming WHERE bundle = ?)";
            tx.conn.execute(chunks, [bundle_id])?;
            tx.conn.execute("UPDATE incoming SET consent = 2 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Stores that the user accepted a bundle.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn give_consent(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("UPDATE incoming SET consent = 1 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Withdraws an acceptance: the user must accept the bundle again. The staged chunks stay.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn withdraw_consent(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("UPDATE incoming SET consent = 0 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// The user's decision about a bundle.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn consent(&self, bundle_id: &[u8; 32]) -> Result<Consent> {
        self.read(|r| {
            let consent =
                r.conn.query_row("SELECT consent FROM incoming WHERE bundle = ?", [bundle_id], |row| row.get(0));
            Ok(match consent.optional()? {
                Some(1) => Consent::Given,
                Some(2) => Consent::Spent,
                _ => Consent::None,
            })
        })
    }

    /// See [`Reader::incoming`].
    ///
    /// # Errors
    /// The same errors.
    pub fn incoming(&self) -> Result<Vec<IncomingStatus>> {
        self.read(|r| r.incoming())
    }

    /// See [`Reader::staged`].
    ///
    /// # Errors
    /// The same errors.
    pub fn staged(&self, bundle_id: &[u8; 32]) -> Result<HashSet<[u8; 32]>> {
        self.read(|r| r.staged(bundle_id))
    }

    /// The bytes of a staged chunk; `None` if it is not staged or is damaged. [`Store::resume_incoming`] drops a
    /// damaged chunk, so it is requested again.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn staged_chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let bytes: Option<Vec<u8>> = self.read(|r| {
            let sql = "SELECT bytes FROM staged_chunk WHERE hash = ?";
            Ok(r.conn.query_row(sql, [hash], |row| row.get(0)).optional()?)
        })?;
        Ok(bytes.filter(|bytes| chunk_hash(bytes) == *hash))
    }
}

impl WriteTx<'_> {
    /// The row id of a bundle.
    fn incoming(&self, bundle_id: &[u8; 32]) -> Result<i64> {
        let sql = "SELECT id FROM incoming WHERE bundle = ?";
        let id = self.conn.query_row(sql, [bundle_id], |row| row.get(0)).optional()?;
        id.ok_or(Error::NoSuchBundle)
    }
}

impl Reader<'_> {
    /// Bundles that are neither applied nor discarded, oldest first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn incoming(&self) -> Result<Vec<IncomingStatus>> {
        let mut statement = self.conn.prepare(
            "SELECT bundle, offered, sender, sender_name,
                (SELECT count(*) FROM staged_chunk c WHERE c.incoming = i.id),
                (SELECT ifnull(sum(length(bytes)), 0) FROM staged_chunk c WHERE c.incoming = i.id)
             FROM incoming i WHERE consent < 2 ORDER BY begun",
        )?;
        let rows = statement.query_map((), |row| {
            let incoming = Incoming {
                bundle_id: row.get(0)?,
                offered: unpacked(row, 1).unwrap_or_default(), // damaged: no needed data is lost
                sender: Fingerprint(row.get(2)?),
                sender_name: DeviceName::from(shown_text(row, 3)?),
            };
            Ok(IncomingStatus { incoming, chunks: count(row, 4)?, bytes: count(row, 5)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The staged chunks of a bundle.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn staged(&self, bundle_id: &[u8; 32]) -> Result<HashSet<[u8; 32]>> {
        let mut statement = self
            .conn
            .prepare("SELECT hash FROM staged_chunk WHERE incoming = (SELECT id FROM incoming WHERE bundle = ?)")?;
        let hashes = statement.query_map([bundle_id], |row| row.get(0))?;
        Ok(hashes.collect::<Result<_, _>>()?)
    }
}
