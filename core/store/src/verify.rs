//! Finds damage in stored data by hashing it again. Repairs it if the store still has the correct value, and drops it
//! otherwise.
//!
//! If a record does not match its hash, either the record or the hash is damaged. The digest of its key range decides:
//! it is the sum of the hashes before the damage. After a drop, the dataset is incomplete: it is not sent as complete,
//! and the next download or bundle brings the record back.

use std::collections::{BTreeMap, HashMap};

use fieldcast_model::{Dataset, Digest, Record, RecordHash, RootHash};
use rusqlite::{Params, Row, params};

use crate::access::Durability;
use crate::prepared::HOUSEHOLD;
use crate::rows::{RECORD, count, dataset_id, signed};
use crate::tx::WriteTx;
use crate::{Error, Reader, Result, Store};

/// The result of a check of stored data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The number of hashed records.
    pub records: u64,
    /// The number of repairs: hashes, digests, counts, indexes, and chunks that will be encoded or requested again.
    pub repaired: u64,
    /// The number of damaged and dropped records: their villages must be downloaded or received again.
    pub dropped: u64,
}

impl std::ops::AddAssign for Verified {
    fn add_assign(&mut self, other: Self) {
        self.records += other.records;
        self.repaired += other.repaired;
        self.dropped += other.dropped;
    }
}

/// The tables with chunks.
pub(crate) const CHUNK_TABLES: [&str; 2] = ["chunk_cache", "staged_chunk"];

/// The hash of a chunk.
pub(crate) fn chunk_hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

impl Store {
    /// Hashes every record of a dataset again and compares it with the stored hashes and digests. Repairs or drops what
    /// does not match. Reads the whole dataset in one transaction, which is durable when the call returns.
    ///
    /// # Errors
    /// Fails if the database cannot be read or written.
    pub fn verify_dataset(&self, dataset: &Dataset) -> Result<Verified> {
        self.write(Durability::Full, |tx| match dataset_id(&tx.conn, dataset)? {
            Some(id) => verify(tx, id),
            None => Ok(Verified::default()),
        })
    }

    /// Verifies the database file, every stored chunk, and every dataset. Calls `progress` after each dataset with the
    /// number of finished datasets and the total.
    ///
    /// # Errors
    /// [`Error::Corrupt`] if the database file is damaged: the next open recovers the readable data.
    pub fn verify(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<Verified> {
        let datasets = self.datasets()?;
        let mut found = self.verify_file()?;
        found += self.verify_chunks()?;
        for (done, status) in datasets.iter().enumerate() {
            progress(done, datasets.len());
            found += self.verify_dataset(&status.summary.dataset)?;
        }
        progress(datasets.len(), datasets.len());
        Ok(found)
    }

    /// Makes SQLite check every page and index. Rebuilds indexes that do not match their tables.
    fn verify_file(&self) -> Result<Verified> {
        let is_intact = |tx: &WriteTx<'_>| {
            let verdict: String = tx.conn.query_one("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
            Ok::<_, Error>(verdict == "ok")
        };
        self.write(Durability::Full, |tx| {
            if is_intact(tx)? {
                return Ok(Verified::default());
            }
            // This fails if a damaged key equals the key of another row: the next open recovers the rows.
            tx.conn.execute_batch("REINDEX").map_err(|_| Error::Corrupt)?;
            if is_intact(tx)? { Ok(Verified { repaired: 1, ..Verified::default() }) } else { Err(Error::Corrupt) }
        })
    }

    fn verify_chunks(&self) -> Result<Verified> {
        self.write(Durability::Full, |tx| {
            let mut found = Verified::default();
            for table in CHUNK_TABLES {
                found.repaired += tx.drop_damaged_chunks(table, "true", ())?;
            }
            Ok(found)
        })
    }
}

impl WriteTx<'_> {
    /// Drops the chunks of a table whose bytes do not match their hash. They will be encoded or requested again.
    /// Returns their number. `condition`, with its parameters, selects the chunks to check.
    pub(crate) fn drop_damaged_chunks(&self, table: &str, condition: &str, params: impl Params) -> Result<u64> {
        let mut query = self.conn.prepare(&format!("SELECT id, hash, bytes FROM {table} WHERE {condition}"))?;
        let mut rows = query.query(params)?;
        let mut damaged: Vec<i64> = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get_ref(1)?.as_blob().ok() != Some(&chunk_hash(row.get_ref(2)?.as_blob().unwrap_or_default())) {
                damaged.push(row.get(0)?);
            }
        }
        drop(rows);
        let mut remove = self.conn.prepare(&format!("DELETE FROM {table} WHERE id = ?"))?;
        for id in &damaged {
            remove.execute([id])?;
        }
        if !damaged.is_empty() {
            tracing::warn!(table, chunks = damaged.len(), "damaged chunks were dropped");
        }
        Ok(damaged.len() as u64)
    }
}

/// The totals of the records in one fine key range.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    digest: [u8; 32],
    records: i64,
    json_bytes: i64,
    households: i64,
}

impl Totals {
    fn add(&mut self, hash: RecordHash, json_bytes: i64, is_household: bool) {
        let mut digest = Digest::from_bytes(self.digest);
        digest.insert(hash);
        *self = Self {
            digest: *digest.as_bytes(),
            records: self.records + 1,
            json_bytes: self.json_bytes + json_bytes,
            households: self.households + i64::from(is_household),
        };
    }
}

/// A row whose hash does not match its record.
struct Suspect {
    row: i64,
    range: u32,
    hash: RecordHash,
    json_bytes: i64,
    is_household: bool,
    provenance: i64,
}

/// The state of a dataset, from its rows.
#[derive(Default)]
struct Scan {
    records: u64,
    /// The totals of the correct rows, by fine key range.
    ranges: BTreeMap<u32, Totals>,
    by_provenance: HashMap<i64, i64>,
    suspects: Vec<Suspect>,
    /// Rows with a wrong root hash, and the correct one.
    misplaced: Vec<(i64, RootHash)>,
    unreadable: Vec<i64>,
}

pub(crate) fn verify(tx: &WriteTx<'_>, dataset: i64) -> Result<Verified> {
    let mut scan = scan(&tx.reader()?, dataset)?;
    let kept = kept(tx, dataset)?;
    let mut found = Verified { records: scan.records, ..Verified::default() };
    for (row, root_hash) in std::mem::take(&mut scan.misplaced) {
        tx.conn.execute("UPDATE record SET root_hash = ? WHERE id = ?", [root_hash.0 as i64, row])?;
        found.repaired += 1;
    }
    let mut lost = std::mem::take(&mut scan.unreadable);
    let confirmed = scan.confirmed(&kept);
    for suspect in std::mem::take(&mut scan.suspects) {
        if confirmed.contains(&suspect.range) {
            tx.conn.execute("UPDATE record SET hash = ? WHERE id = ?", params![suspect.hash.0, suspect.row])?;
            scan.take(&suspect);
            found.repaired += 1;
        } else {
            lost.push(suspect.row);
        }
    }
    let mut remove = tx.conn.prepare("DELETE FROM record WHERE id = ?")?;
    for row in &lost {
        remove.execute([row])?;
    }
    // The rows dropped just now are also missing.
    found.dropped = scan.missing(&kept).max(lost.len() as u64);
    found.repaired += keep(tx, dataset, &kept, &scan)?;
    if found.dropped > 0 {
        tx.conn.execute("UPDATE dataset SET as_of = 0 WHERE id = ?", [dataset])?;
        tx.forget_signed_snapshot(dataset)?;
        tx.forget_undo(dataset)?;
    }
    if found.repaired + found.dropped > 0 {
        let Verified { repaired, dropped, .. } = found;
        tracing::warn!(repaired, dropped, "stored data was damaged and repaired or dropped");
    }
    Ok(found)
}

fn scan(reader: &Reader<'_>, dataset: i64) -> Result<Scan> {
    let sql = format!("SELECT {RECORD}, hash, root_hash, provenance, id FROM record NOT INDEXED WHERE dataset = ?");
    let mut query = reader.conn.prepare(&sql)?;
    let mut rows = query.query([dataset])?;
    let mut scan = Scan::default();
    while let Some(row) = rows.next()? {
        scan.records += 1;
        match reader.record(row) {
            Ok(record) => scan.look_at(row, &record)?,
            Err(_) => scan.unreadable.push(row.get(10)?),
        }
    }
    Ok(scan)
}

impl Scan {
    fn look_at(&mut self, row: &Row<'_>, record: &Record) -> Result<()> {
        let (hash, root_hash, id) = (record.hash(), record.root_hash(), row.get(10)?);
        let suspect = Suspect {
            row: id,
            range: root_hash.fine_range(),
            hash,
            json_bytes: signed(record.body.len() as u64),
            is_household: record.entity.as_str() == HOUSEHOLD && !record.deleted,
            provenance: row.get(9)?,
        };
        if row.get_ref(7)?.as_blob().ok() != Some(&hash.0) {
            self.suspects.push(suspect);
            return Ok(());
        }
        if row.get::<_, i64>(8)? != root_hash.0 as i64 {
            self.misplaced.push((id, root_hash));
        }
        self.take(&suspect);
        Ok(())
    }

    /// Counts a row as correct.
    fn take(&mut self, row: &Suspect) {
        self.ranges.entry(row.range).or_default().add(row.hash, row.json_bytes, row.is_household);
        *self.by_provenance.entry(row.provenance).or_default() += 1;
    }

    /// The ranges whose stored digest shows that the records are correct and their stored hashes are wrong.
    fn confirmed(&self, kept: &BTreeMap<u32, Totals>) -> Vec<u32> {
        let mut fresh = self.ranges.clone();
        for suspect in &self.suspects {
            fresh.entry(suspect.range).or_default().add(suspect.hash, suspect.json_bytes, suspect.is_household);
        }
        let is_right =
            |range: &u32| fresh.get(range).map(|totals| totals.digest) == kept.get(range).map(|totals| totals.digest);
        self.suspects.iter().map(|suspect| suspect.range).filter(is_right).collect()
    }

    /// How many records of the stored digests do not exist any more.
    fn missing(&self, kept: &BTreeMap<u32, Totals>) -> u64 {
        let missing = |(range, kept): (&u32, &Totals)| {
            let now = self.ranges.get(range).copied().unwrap_or_default();
            // If only the count or only the digest is wrong, the stored total itself is damaged.
            if now.digest == kept.digest { 0 } else { kept.records.saturating_sub(now.records).max(0) }
        };
        kept.iter().map(missing).sum::<i64>().try_into().unwrap_or(0)
    }
}

/// The stored totals of each fine key range.
fn kept(tx: &WriteTx<'_>, dataset: i64) -> Result<BTreeMap<u32, Totals>> {
    let sql = "SELECT range, digest, records, json_bytes, households FROM range_digest WHERE dataset = ?";
    let mut query = tx.conn.prepare(sql)?;
    let rows = query.query_map([dataset], |row| {
        let digest = row.get_ref(1)?.as_blob().ok().and_then(|digest| digest.try_into().ok()).unwrap_or_default();
        let totals = Totals { digest, records: row.get(2)?, json_bytes: row.get(3)?, households: row.get(4)? };
        Ok((row.get(0)?, totals))
    })?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Stores the totals of the rows. Returns how many stored totals were wrong.
fn keep(tx: &WriteTx<'_>, dataset: i64, kept: &BTreeMap<u32, Totals>, scan: &Scan) -> Result<u64> {
    let mut wrong = 0;
    for range in kept.keys().filter(|range| !scan.ranges.contains_key(range)) {
        tx.conn.execute("DELETE FROM range_digest WHERE dataset = ? AND range = ?", params![dataset, range])?;
        wrong += 1;
    }
    let mut put = tx.conn.prepare(
        "INSERT OR REPLACE INTO range_digest (dataset, range, digest, records, json_bytes, households)
         VALUES (?, ?, ?, ?, ?, ?)",
    )?;
    for (range, totals) in scan.ranges.iter().filter(|(range, totals)| kept.get(range) != Some(totals)) {
        let Totals { digest, records, json_bytes, households } = totals;
        put.execute(params![dataset, range, digest, records, json_bytes, households])?;
        wrong += 1;
    }
    let mut counts = tx.conn.prepare("SELECT id, records FROM provenance WHERE dataset = ?")?;
    let counts = counts.query_map([dataset], |row| Ok((row.get(0)?, count(row, 1)?)))?;
    for (id, noted) in counts.collect::<std::result::Result<Vec<(i64, u64)>, _>>()? {
        let records = scan.by_provenance.get(&id).copied().unwrap_or_default();
        if signed(noted) != records {
            tx.conn.execute("UPDATE provenance SET records = ? WHERE id = ?", [records, id])?;
            wrong += 1;
        }
    }
    Ok(wrong)
}
