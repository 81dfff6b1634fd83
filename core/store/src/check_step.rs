//! A check of all stored data in small steps, so that it can run between two user actions.

use fieldcast_model::{Dataset, Digest, FINE_BITS, KeyRange, RangeTotals};

use crate::access::Durability;
use crate::rows::{DATASET, count, dataset, dataset_id};
use crate::verify::CHUNK_TABLES;
use crate::{Error, Reader, Result, Store, Verified, connection};

/// About how many records one step hashes.
const RECORDS: u64 = 1000;
/// How many chunks one step hashes. A chunk has about 100 kB.
const CHUNKS: usize = 8;

/// One step of a check of all stored data.
#[derive(Debug)]
pub struct CheckStep(CheckScope);

#[derive(Debug)]
enum CheckScope {
    /// The pages of all small tables.
    Tables,
    /// Chunks of a table, from the first row id to the last.
    Chunks { table: &'static str, rows: [i64; 2] },
    /// Records of one dataset.
    Records(Dataset, KeyRange),
}

impl Store {
    /// The steps of a check of all stored data. Each takes some milliseconds: see [`Store::check`].
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn check_steps(&self) -> Result<Vec<CheckStep>> {
        Ok(self.read(|reader| reader.steps())?.into_iter().map(CheckStep).collect())
    }

    /// Runs one step. Repairs or drops damaged data as [`Store::verify`] does.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the database file is damaged: the next open recovers the readable data.
    pub fn check(&self, step: &CheckStep) -> Result<Verified> {
        let mut found = Verified::default();
        match &step.0 {
            CheckScope::Tables => self.read(|reader| reader.check_small_tables())?,
            CheckScope::Chunks { table, rows } => {
                found.repaired =
                    self.write(Durability::Normal, |tx| tx.drop_damaged_chunks(table, "id BETWEEN ? AND ?", *rows))?;
            }
            CheckScope::Records(dataset, range) => match self.read(|reader| reader.is_intact(dataset, *range)) {
                Ok(Some(records)) => found.records = records,
                Ok(None) | Err(Error::DamagedRecords) => found = self.verify_dataset(dataset)?,
                Err(error) => return Err(error),
            },
        }
        Ok(found)
    }
}

impl Reader<'_> {
    fn steps(&self) -> Result<Vec<CheckScope>> {
        let mut steps = vec![CheckScope::Tables];
        for table in CHUNK_TABLES {
            let mut query = self.conn.prepare(&format!("SELECT id FROM {table} ORDER BY id"))?;
            let ids = query.query_map((), |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()?;
            let chunks = ids.chunks(CHUNKS).filter_map(|ids| Some([*ids.first()?, *ids.last()?]));
            steps.extend(chunks.map(|rows| CheckScope::Chunks { table, rows }));
        }
        let sql = format!(
            "SELECT {DATASET}, (SELECT ifnull(sum(records), 0) FROM range_digest WHERE dataset = dataset.id)
             FROM dataset ORDER BY {DATASET}"
        );
        let mut query = self.conn.prepare(&sql)?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            let (dataset, records) = (dataset(row, 0)?, count(row, 3)?);
            let bits = (0..FINE_BITS).find(|bits| records >> bits <= RECORDS).unwrap_or(FINE_BITS);
            let ranges = (0..1 << bits).map(|index| KeyRange { bits, index });
            steps.extend(ranges.map(|range| CheckScope::Records(dataset.clone(), range)));
        }
        Ok(steps)
    }

    fn check_small_tables(&self) -> Result<()> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
            AND name NOT IN ('record', 'chunk_cache', 'staged_chunk', 'undo_record', 'outranked')";
        let mut query = self.conn.prepare(sql)?;
        let names = query.query_map((), |row| row.get::<_, String>(0))?;
        names
            .collect::<std::result::Result<Vec<_>, _>>()?
            .iter()
            .try_for_each(|table| connection::check_table(self.conn, table))
    }

    /// Hashes the records of a key range. Returns their number, or `None` if they do not match the stored digest.
    /// [`Error::Corrupt`] if a record is missing in the key index.
    fn is_intact(&self, dataset: &Dataset, range: KeyRange) -> Result<Option<u64>> {
        self.check_keys(dataset, range)?;
        let records = self.records_in_range(dataset, range)?;
        let mut digest = Digest::EMPTY;
        records.iter().for_each(|record| digest.insert(record.hash()));
        let json_bytes = records.iter().map(|record| record.body.len() as u64).sum();
        let found = RangeTotals { range, digest, records: records.len() as u64, json_bytes };
        let noted = self.ranges(dataset, range.bits)?.into_iter().find(|noted| noted.range == range);
        let is_same = noted.map_or(records.is_empty(), |noted| noted == found);
        Ok(is_same.then_some(found.records))
    }

    fn check_keys(&self, dataset: &Dataset, range: KeyRange) -> Result<()> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(()) };
        let (first, last) = range.bounds();
        let lacking =
            "SELECT EXISTS (SELECT 1 FROM record r WHERE dataset = ?1 AND root_hash BETWEEN ?2 AND ?3 AND NOT EXISTS
            (SELECT 1 FROM record INDEXED BY sqlite_autoindex_record_1
             WHERE dataset = ?1 AND entity = r.entity AND key = r.key AND id = r.id))";
        let is_lacking = self.conn.query_one(lacking, (id, first.0 as i64, last.0 as i64), |row| row.get(0))?;
        if is_lacking { Err(Error::Corrupt) } else { Ok(()) }
    }
}
