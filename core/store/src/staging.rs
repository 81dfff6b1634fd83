//! Chunks received and not applied yet.

use std::collections::HashSet;

use fieldcast_model::{DeviceName, Fingerprint, SnapshotSummary};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{count, packed, shown_text, unpacked};
use crate::tx::WriteTx;
use crate::verify::chunk_hash;
use crate::{Error, Reader, Result, Store};

/// How many bundles are known besides the one at hand, so that those that never come to an end do not fill the phone.
const OTHERS_KEPT: u32 = 4;

/// A bundle that is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its name: the hash of what is offered and of who offers it.
    pub bundle_id: [u8; 32],
    /// What it holds.
    pub offered: Vec<SnapshotSummary>,
    /// Whose it is.
    pub sender: Fingerprint,
    /// What the sender calls itself.
    pub sender_name: DeviceName,
}

/// What the user has said to a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// Nothing, or yes and then no.
    None,
    /// Yes; it is on its way.
    Given,
    /// Yes, and it was applied since.
    Spent,
}

/// An accepted bundle and how much of it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingStatus {
    /// The bundle.
    pub incoming: Incoming,
    /// How many chunks are staged.
    pub chunks: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Store {
    /// Notes a bundle. Beginning again with the same bundle is a resume.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
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

    /// Forgets bundles other than `current` with their chunks: all but the few that began last, and those that bring nothing
    /// new because every dataset in them is here in the same version, or in a later one with no fewer records.
    ///
    /// # Errors
    /// Whatever stands in the way of reading or writing.
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

    /// Tells which of a bundle's `chunks` are staged already: by an earlier attempt at it, or for another bundle, from which
    /// they are taken over. Damaged ones are dropped.
    ///
    /// # Errors
    /// [`Error::NoSuchBundle`] if the bundle was discarded meanwhile; whatever stands in the way of writing.
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

    /// Keeps verified chunks, durably when it returns; one call is one flush, so bring several at once.
    ///
    /// # Errors
    /// [`Error::NoSuchBundle`] when the bundle was discarded meanwhile; whatever stands in the way of writing. Then none
    /// of them is kept.
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

    /// Forgets a bundle, applied or refused, and its chunks.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn discard_incoming(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM incoming WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Forgets the bundles of a sender that were not applied, and their chunks: they are asked about again.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn withdraw_incoming(&self, sender: &Fingerprint) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("DELETE FROM incoming WHERE sender = ? AND consent < 2", [sender.0])?;
            Ok(())
        })
    }

    /// Drops the chunks of a bundle that was applied; that it was accepted stays known.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn finish_incoming(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Normal, |tx| {
            let chunks = "DELETE FROM staged_chunk WHERE incoming = (SELECT id FROM incoming WHERE bundle = ?)";
            tx.conn.execute(chunks, [bundle_id])?;
            tx.conn.execute("UPDATE incoming SET consent = 2 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Notes the user's yes to a bundle that was begun.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn give_consent(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("UPDATE incoming SET consent = 1 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// Takes a yes back: the bundle is asked about again. What is staged stays.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn withdraw_consent(&self, bundle_id: &[u8; 32]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute("UPDATE incoming SET consent = 0 WHERE bundle = ?", [bundle_id])?;
            Ok(())
        })
    }

    /// What the user has said to a bundle.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
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
    /// As there.
    pub fn incoming(&self) -> Result<Vec<IncomingStatus>> {
        self.read(|r| r.incoming())
    }

    /// See [`Reader::staged`].
    ///
    /// # Errors
    /// As there.
    pub fn staged(&self, bundle_id: &[u8; 32]) -> Result<HashSet<[u8; 32]>> {
        self.read(|r| r.staged(bundle_id))
    }

    /// A staged chunk's bytes; none if they are damaged: [`Store::resume_incoming`] drops it, to be asked for again.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn staged_chunk(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let bytes: Option<Vec<u8>> = self.read(|r| {
            let sql = "SELECT bytes FROM staged_chunk WHERE hash = ?";
            Ok(r.conn.query_row(sql, [hash], |row| row.get(0)).optional()?)
        })?;
        Ok(bytes.filter(|bytes| chunk_hash(bytes) == *hash))
    }
}

impl WriteTx<'_> {
    /// The row of a bundle.
    fn incoming(&self, bundle_id: &[u8; 32]) -> Result<i64> {
        let sql = "SELECT id FROM incoming WHERE bundle = ?";
        let id = self.conn.query_row(sql, [bundle_id], |row| row.get(0)).optional()?;
        id.ok_or(Error::NoSuchBundle)
    }
}

impl Reader<'_> {
    /// Bundles that were begun and neither applied nor discarded, the oldest first.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
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
                offered: unpacked(row, 1).unwrap_or_default(), // damaged: nothing that is missed
                sender: Fingerprint(row.get(2)?),
                sender_name: DeviceName::from(shown_text(row, 3)?),
            };
            Ok(IncomingStatus { incoming, chunks: count(row, 4)?, bytes: count(row, 5)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The chunks of a bundle that are here.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn staged(&self, bundle_id: &[u8; 32]) -> Result<HashSet<[u8; 32]>> {
        let mut statement = self
            .conn
            .prepare("SELECT hash FROM staged_chunk WHERE incoming = (SELECT id FROM incoming WHERE bundle = ?)")?;
        let hashes = statement.query_map([bundle_id], |row| row.get(0))?;
        Ok(hashes.collect::<Result<_, _>>()?)
    }
}
