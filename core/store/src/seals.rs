//! Seals of what is in the store.

use fieldcast_model::{Dataset, Digest, KeyRange, RangeHashes, RecordHash, RootHash, SnapshotHash};
use rusqlite::Row;

use crate::rows::{RECORD, dataset_id};
use crate::{Error, Reader, Result};

impl Reader<'_> {
    /// The seal of a dataset as it is now. Reads the hash of every record.
    ///
    /// # Errors
    /// [`Error::DamagedRecords`] if the hashes are not those the digests were made of; whatever stands in the way of reading.
    pub fn seal(&self, dataset: &Dataset) -> Result<SnapshotHash> {
        let mut seals = RangeHashes::default();
        if let Some(id) = dataset_id(self.conn, dataset)? {
            let hashed = self.add_hashes(id, KeyRange::ALL, &mut seals)?;
            if hashed != self.digest(id)? {
                return Err(Error::DamagedRecords);
            }
        }
        Ok(seals.seal())
    }

    /// Adds what a dataset has in one key range; gives the sum of the hashes.
    pub(crate) fn add_hashes(&self, dataset: i64, range: KeyRange, seals: &mut RangeHashes) -> Result<Digest> {
        self.add(dataset, range, seals, "hash", &|row| Ok(RecordHash(row.get(0)?)))
    }

    /// The same by the records themselves, each hashed anew: what is damaged here has not the seal that was signed.
    pub(crate) fn add_fresh_hashes(&self, dataset: i64, range: KeyRange, seals: &mut RangeHashes) -> Result<Digest> {
        let columns = format!("{RECORD}, hash");
        self.add(dataset, range, seals, &columns, &|row| {
            Ok(self.intact(row).map_or(UNREADABLE, |record| record.hash()))
        })
    }

    fn add(
        &self,
        dataset: i64,
        range: KeyRange,
        seals: &mut RangeHashes,
        columns: &str,
        hash: &dyn Fn(&Row<'_>) -> Result<RecordHash>,
    ) -> Result<Digest> {
        let (first, last) = range.bounds();
        let mut query = self.conn.prepare(&format!(
            "SELECT {columns}, root_hash FROM record WHERE dataset = ? AND root_hash BETWEEN ? AND ? ORDER BY root_hash"
        ))?;
        let mut rows = query.query((dataset, first.0 as i64, last.0 as i64))?;
        // One fine range at a time, so that memory is that of a range.
        let mut records: Vec<(RootHash, RecordHash)> = Vec::new();
        let mut sum = Digest::EMPTY;
        while let Some(row) = rows.next()? {
            let root = RootHash(row.get::<_, i64>("root_hash")? as u64);
            if records.last().is_some_and(|(last, _)| last.fine_range() != root.fine_range()) {
                seals.add(records.drain(..));
            }
            let hash = hash(row)?;
            sum.insert(hash);
            records.push((root, hash));
        }
        seals.add(records);
        Ok(sum)
    }
}

/// Stands for the hash of a record that is not what it was: no record has it.
const UNREADABLE: RecordHash = RecordHash([0; 32]);
