//! Snapshot hashes of stored datasets.

use fieldcast_model::{Dataset, Digest, KeyRange, RangeHashes, RecordHash, RootHash, SnapshotHash};
use rusqlite::Row;

use crate::rows::{RECORD, dataset_id};
use crate::{Error, Reader, Result};

impl Reader<'_> {
    /// The snapshot hash of the present version of a dataset. Reads the hash of every record.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`] if the record hashes do not match the digests. Also fails if the database cannot be
    /// read.
    pub fn snapshot_hash(&self, dataset: &Dataset) -> Result<SnapshotHash> {
        let mut hashes = RangeHashes::default();
        if let Some(id) = dataset_id(self.conn, dataset)? {
            let hashed = self.add_hashes(id, KeyRange::ALL, &mut hashes)?;
            if hashed != self.digest(id)? {
                return Err(Error::DamagedRecords);
            }
        }
        Ok(hashes.snapshot_hash())
    }

    /// Adds the stored hashes of one key range. Returns the sum of the hashes.
    pub(crate) fn add_hashes(&self, dataset: i64, range: KeyRange, hashes: &mut RangeHashes) -> Result<Digest> {
        self.add(dataset, range, hashes, "hash", &|row| Ok(RecordHash(row.get(0)?)))
    }

    /// Adds the hashes of one key range and computes each one from the record again: a damaged record must not result
    /// in the signed snapshot hash.
    pub(crate) fn add_fresh_hashes(&self, dataset: i64, range: KeyRange, hashes: &mut RangeHashes) -> Result<Digest> {
        let columns = format!("{RECORD}, hash");
        self.add(dataset, range, hashes, &columns, &|row| {
            Ok(self.intact(row).map_or(UNREADABLE, |record| record.hash()))
        })
    }

    fn add(
        &self,
        dataset: i64,
        range: KeyRange,
        hashes: &mut RangeHashes,
        columns: &str,
        hash: &dyn Fn(&Row<'_>) -> Result<RecordHash>,
    ) -> Result<Digest> {
        let (first, last) = range.bounds();
        let mut query = self.conn.prepare(&format!(
            "SELECT {columns}, root_hash FROM record WHERE dataset = ? AND root_hash BETWEEN ? AND ? ORDER BY root_hash"
        ))?;
        let mut rows = query.query((dataset, first.0 as i64, last.0 as i64))?;
        // One fine range at a time, so the memory use is that of one range.
        let mut records: Vec<(RootHash, RecordHash)> = Vec::new();
        let mut sum = Digest::EMPTY;
        while let Some(row) = rows.next()? {
            let root = RootHash(row.get::<_, i64>("root_hash")? as u64);
            if records.last().is_some_and(|(last, _)| last.fine_range() != root.fine_range()) {
                hashes.add(records.drain(..));
            }
            let hash = hash(row)?;
            sum.insert(hash);
            records.push((root, hash));
        }
        hashes.add(records);
        Ok(sum)
    }
}

/// Replaces the hash of a damaged record. No record has this hash.
const UNREADABLE: RecordHash = RecordHash([0; 32]);
