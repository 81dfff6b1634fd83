//! The cache of encoded chunks for later exchanges.

use std::collections::HashMap;

use fieldcast_model::{Dataset, Digest, KeyRange};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{self, count, dataset_id, signed};
use crate::verify::chunk_hash;
use crate::{Error, Reader, Result, Store};

/// A cached chunk without its bytes: its entry in a manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkEntry {
    /// The key range of the chunk.
    pub range: KeyRange,
    /// The digest of its records. The chunk is current if the range still has this digest.
    pub digest: Digest,
    /// BLAKE3 of the bytes.
    pub hash: [u8; 32],
    /// Size in bytes.
    pub len: u64,
}

impl Reader<'_> {
    /// All cached chunks of a dataset cut at `bits`, including outdated ones, without damaged ones.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
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
    /// Returns the bytes of a cached chunk by their hash. Drops a damaged chunk, so the caller encodes it again.
    ///
    /// # Errors
    /// Fails if the database cannot be read or written.
    pub fn chunk_bytes(&self, hash: &[u8; 32]) -> Result<Option<Vec<u8>>> {
        let bytes: Option<Vec<u8>> = self.read(|r| {
            let sql = "SELECT bytes FROM chunk_cache WHERE hash = ? LIMIT 1";
            Ok(r.conn.query_row(sql, [hash], |row| row.get(0)).optional()?)
        })?;
        if bytes.as_ref().is_some_and(|bytes| chunk_hash(bytes) != *hash) {
            tracing::warn!("a cached chunk was damaged and is encoded again");
            self.write(Durability::Normal, |tx| {
                Ok(tx.conn.execute("DELETE FROM chunk_cache WHERE hash = ?", [hash])?)
            })?;
            return Ok(None);
        }
        Ok(bytes)
    }

    /// Caches the chunk of a range at this digest. Chunks with older digests stay until [`Store::trim_chunks`], because
    /// running exchanges still use them. Does nothing if the dataset was removed.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
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

    /// Drops cached chunks that are not current, then the oldest ones until the rest has at most `max_bytes`; 0 drops
    /// all. Call it only while no offer is active. Returns the number of dropped bytes.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
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
    /// Row id, size in bytes, and whether the chunk is current, for each cached chunk.
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
