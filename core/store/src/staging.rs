//! Chunks received and not applied yet.

use std::collections::HashSet;

use fieldcast_model::{DeviceName, Fingerprint};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::count;
use crate::verify::chunk_hash;
use crate::{Error, Reader, Result, Store};

/// A bundle that is taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incoming {
    /// Its name: the hash of what is offered and of who offers it.
    pub bundle_id: [u8; 32],
    /// The manifest, as received.
    pub manifest: Vec<u8>,
    /// Whose it is.
    pub sender: Fingerprint,
    /// What the sender calls itself.
    pub sender_name: DeviceName,
}

/// What a person has said to a bundle.
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
    /// Notes a bundle and tells which of its `chunks` are staged already: by an earlier attempt at it, or
    /// for another bundle, from which they are taken over. Beginning again with the same bundle is a resume.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn begin_incoming(&self, incoming: &Incoming, chunks: &[[u8; 32]]) -> Result<HashSet<[u8; 32]>> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT INTO incoming (bundle, manifest, sender, sender_name) VALUES (?, ?, ?, ?)
                 ON CONFLICT (bundle) DO UPDATE SET manifest = excluded.manifest, sender = excluded.sender,
                    sender_name = excluded.sender_name",
                params![incoming.bundle_id, incoming.manifest, incoming.sender.0, incoming.sender_name.as_str()],
            )?;
            let mut take = tx.conn.prepare(
                "UPDATE staged_chunk SET incoming = (SELECT id FROM incoming WHERE bundle = ?) WHERE hash = ?",
            )?;
            for hash in chunks {
                take.execute(params![incoming.bundle_id, hash])?;
            }
            let of_bundle = "incoming = (SELECT id FROM incoming WHERE bundle = ?)";
            tx.drop_damaged_chunks("staged_chunk", of_bundle, [incoming.bundle_id])?;
            tx.reader()?.staged(&incoming.bundle_id)
        })
    }

    /// Keeps verified chunks, durably when it returns; one call is one flush, so bring several at once.
    ///
    /// # Errors
    /// [`Error::NoSuchBundle`] when the bundle was discarded meanwhile; whatever stands in the way of writing. Then none
    /// of them is kept.
    pub fn stage_chunks(&self, bundle_id: &[u8; 32], chunks: &[([u8; 32], Vec<u8>)]) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let sql = "SELECT id FROM incoming WHERE bundle = ?";
            let incoming: Option<i64> = tx.conn.query_row(sql, [bundle_id], |row| row.get(0)).optional()?;
            let incoming = incoming.ok_or(Error::NoSuchBundle)?;
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

    /// Notes a person's yes to a bundle that was begun.
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

    /// What a person has said to a bundle.
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

    /// A staged chunk's bytes; none if they are damaged: [`Store::begin_incoming`] drops it, to be asked for again.
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

impl Reader<'_> {
    /// Bundles accepted and not discarded, the oldest first.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn incoming(&self) -> Result<Vec<IncomingStatus>> {
        let mut statement = self.conn.prepare(
            "SELECT bundle, manifest, sender, sender_name,
                (SELECT count(*) FROM staged_chunk c WHERE c.incoming = i.id),
                (SELECT ifnull(sum(length(bytes)), 0) FROM staged_chunk c WHERE c.incoming = i.id)
             FROM incoming i ORDER BY id",
        )?;
        let rows = statement.query_map((), |row| {
            let incoming = Incoming {
                bundle_id: row.get(0)?,
                manifest: row.get(1)?,
                sender: Fingerprint(row.get(2)?),
                sender_name: DeviceName::from(row.get::<_, String>(3)?),
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
