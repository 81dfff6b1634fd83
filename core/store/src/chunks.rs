//! Encoded chunks kept for the next exchange.

use std::collections::HashMap;

use fieldcast_model::{Dataset, Digest, KeyRange};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{self, count, dataset_id, signed};
use crate::verify::chunk_hash;
use crate::{Error, Reader, Result, Store};

/// A cached chunk without its bytes: what a manifest says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkEntry {
    /// Which range it holds.
    pub range: KeyRange,
    /// The digest of the records in it; the chunk is current while the range's is the same.
    pub digest: Digest,
    /// BLAKE3 of the bytes.
    pub hash: [u8; 32],
    /// How many bytes.
    pub len: u64,
}

impl Reader<'_> {
    /// All cached chunks of a dataset cut at `bits`, superseded ones included, damaged ones not.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn cached_chunks(&self, dataset: &Dataset, bits: u8) -> Result<Vec<ChunkEntry>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare(
            "SELECT range, digest, hash, bytes FROM chunk_cache WHERE dataset = ? AND bits = ? ORDER BY range",
        )?;
        let mut rows = statement.query(params![id, bits])?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            let bytes = row.get_ref(3)?.as_blob().map_err(|_| Error::Corrupt)?;
            let hash = chunk_hash(bytes);
            if row.get_ref(2)?.as_blob().ok() == Some(&hash) {
                let (range, len) = (KeyRange { bits, index: row.get(0)? }, bytes.len() as u64);
                entries.push(ChunkEntry { range, digest: Digest::from_bytes(row.get(1)?), hash, len });
            }
        }
        Ok(entries)
    }
}

impl Store {
    /// A cached chunk's bytes by their hash. A damaged one is dropped, so that it is encoded anew.
    ///
    /// # Errors
    /// Whatever stands in the way of reading and writing.
    pub fn chunk_bytes(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let bytes: Option<Vec<u8>> = self.read(|r| {
            let sql = "SELECT bytes FROM chunk_cache WHERE hash = ? LIMIT 1";
            Ok(r.conn.query_row(sql, [hash], |row| row.get(0)).optional()?)
        })?;
        if bytes.as_ref().is_some_and(|bytes| chunk_hash(bytes) != *hash) {
            tracing::warn!("a chunk was damaged; it is encoded anew");
            self.write(Durability::Normal, |tx| {
                Ok(tx.conn.execute("DELETE FROM chunk_cache WHERE hash = ?", [hash])?)
            })?;
            return Ok(None);
        }
        Ok(bytes)
    }

    /// Keeps the chunk of a range at this digest. Chunks of older digests stay, for exchanges that began with them,
    /// until [`Store::trim_chunks`]. Nothing happens when the dataset has been removed.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn cache_chunk(
        &self,
        dataset: &Dataset,
        range: KeyRange,
        digest: &Digest,
        hash: &[u8; 32],
        bytes: &[u8],
    ) -> Result<()> {
        self.write(Durability::Normal, |tx| {
            let Some(id) = dataset_id(&tx.conn, dataset)? else { return Ok(()) };
            tx.conn.execute(
                "INSERT INTO chunk_cache (dataset, bits, range, digest, hash, bytes) VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT (dataset, bits, range, digest) DO UPDATE SET hash = excluded.hash, bytes = excluded.bytes",
                params![id, range.bits, range.index, digest.as_bytes(), hash, bytes],
            )?;
            Ok(())
        })
    }

    /// Drops cached chunks that are no longer current, then the oldest until the rest have at most `max_bytes`; 0
    /// drops all. Call it while nothing is on offer. Tells how many bytes were dropped.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn trim_chunks(&self, max_bytes: u64) -> Result<u64> {
        self.write(Durability::Normal, |tx| {
            let reader = tx.reader()?;
            let mut drop = tx.conn.prepare("DELETE FROM chunk_cache WHERE id = ?")?;
            let (mut kept, mut dropped) = (0, 0);
            for (row, len, current) in reader.chunks_newest_first()? {
                if current && kept + len <= max_bytes {
                    kept += len;
                } else {
                    drop.execute([signed(row)])?;
                    dropped += len;
                }
            }
            Ok(dropped)
        })
    }
}

impl Reader<'_> {
    /// Row, bytes and currency of each cached chunk.
    fn chunks_newest_first(&self) -> Result<Vec<(u64, u64, bool)>> {
        let mut statement = self.conn.prepare(&format!(
            "SELECT {}, c.id, length(c.bytes), c.bits, c.range, c.digest FROM chunk_cache c
             JOIN dataset d ON d.id = c.dataset ORDER BY c.id DESC",
            rows::DATASET
        ))?;
        let mut rows = statement.query(())?;
        let mut now: HashMap<(Dataset, u8), HashMap<u32, Digest>> = HashMap::new();
        let mut chunks = Vec::new();
        while let Some(row) = rows.next()? {
            let (dataset, bits) = (rows::dataset(row, 0)?, row.get(5)?);
            let key = (dataset, bits);
            if !now.contains_key(&key) {
                let digests = self.ranges(&key.0, bits)?.iter().map(|t| (t.range.index, t.digest)).collect();
                now.insert(key.clone(), digests);
            }
            let digest = now.get(&key).and_then(|digests| digests.get(&row.get(6).ok()?));
            let current =
                digest.is_some_and(|digest| row.get(7).is_ok_and(|kept: [u8; 32]| kept == *digest.as_bytes()));
            chunks.push((count(row, 3)?, count(row, 4)?, current));
        }
        Ok(chunks)
    }
}
