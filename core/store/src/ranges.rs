//! Digests of key ranges. Two devices compare them.

use std::collections::BTreeMap;

use fieldcast_model::{Dataset, Digest, FINE_BITS, KeyRange, RangeTotals};

use crate::rows::{RECORD, count, dataset_id};
use crate::{Reader, Result, Store};

impl Reader<'_> {
    /// The totals of the 2^`bits` ranges of a dataset, in key order, without empty ranges. Larger `bits` than
    /// [`FINE_BITS`] count as [`FINE_BITS`].
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn ranges(&self, dataset: &Dataset, bits: u8) -> Result<Vec<RangeTotals>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(Vec::new()) };
        Ok(RangeTotals::coarser(self.fine_ranges(id)?, bits))
    }

    /// The totals at [`FINE_BITS`], for the row id of a dataset.
    pub(crate) fn fine_ranges(&self, dataset: i64) -> Result<Vec<RangeTotals>> {
        let mut statement = self
            .conn
            .prepare("SELECT digest, records, json_bytes, range FROM range_digest WHERE dataset = ? ORDER BY range")?;
        let totals = statement.query_map([dataset], |row| {
            Ok(totals_of(row.get(3)?, Digest::from_bytes(row.get(0)?), count(row, 1)?, count(row, 2)?))
        })?;
        Ok(totals.collect::<std::result::Result<_, _>>()?)
    }

    /// The digest of a dataset, from the stored digests of its ranges.
    pub(crate) fn digest(&self, dataset: i64) -> Result<Digest> {
        let mut query = self.conn.prepare("SELECT digest FROM range_digest WHERE dataset = ?")?;
        let digests = query.query_map([dataset], |row| Ok(Digest::from_bytes(row.get(0)?)))?;
        Ok(digests.sum::<std::result::Result<_, _>>()?)
    }

    /// Computes the totals at [`FINE_BITS`] from the records, and hashes each record again. The stored digests must
    /// equal them. Reads the whole dataset; for tests.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn recompute_digests(&self, dataset: &Dataset) -> Result<Vec<RangeTotals>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(Vec::new()) };
        let mut statement = self.conn.prepare(&format!("SELECT {RECORD} FROM record WHERE dataset = ?"))?;
        let mut rows = statement.query([id])?;
        let mut totals: BTreeMap<u32, RangeTotals> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let record = self.record(row)?;
            let index = record.root_hash().fine_range();
            let mut digest = Digest::EMPTY;
            digest.insert(record.hash());
            let one = totals_of(index, digest, 1, record.body.len() as u64);
            totals.entry(index).and_modify(|sum| *sum += one).or_insert(one);
        }
        Ok(totals.into_values().collect())
    }
}

fn totals_of(index: u32, digest: Digest, records: u64, json_bytes: u64) -> RangeTotals {
    RangeTotals { range: KeyRange { bits: FINE_BITS, index }, digest, records, json_bytes }
}

impl Store {
    /// See [`Reader::ranges`].
    ///
    /// # Errors
    /// The same errors.
    pub fn ranges(&self, dataset: &Dataset, bits: u8) -> Result<Vec<RangeTotals>> {
        self.read(|r| r.ranges(dataset, bits))
    }

    /// See [`Reader::recompute_digests`].
    ///
    /// # Errors
    /// The same errors.
    pub fn recompute_digests(&self, dataset: &Dataset) -> Result<Vec<RangeTotals>> {
        self.read(|r| r.recompute_digests(dataset))
    }
}
