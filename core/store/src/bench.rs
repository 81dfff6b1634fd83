//! The baseline for bulk loads: a plain loop with one prepared statement inserts the same rows into the same table on
//! the same connection. It merges nothing, keeps no digests, and all values of a row are computed before.

use fieldcast_model::{Dataset, Record, RecordHash, RootHash};
use rusqlite::params;

use crate::access::Durability;
use crate::rows::Key;
use crate::tx::WriteTx;
use crate::{Result, Store};

/// Records with the computed values of their rows.
#[derive(Debug)]
pub struct PlainRows<'a> {
    rows: Vec<PlainRow<'a>>,
    dataset: i64,
}

#[derive(Debug)]
struct PlainRow<'a> {
    record: &'a Record,
    entity: i64,
    hash: RecordHash,
    root_hash: RootHash,
}

impl Store {
    /// Computes hashes, and creates the ids of entity types and dataset, so the loop only inserts.
    ///
    /// # Errors
    /// Fails if the database cannot be written.
    pub fn plain_rows<'a>(&self, dataset: &Dataset, records: &'a [Record]) -> Result<PlainRows<'a>> {
        self.write(Durability::Normal, |tx| {
            let row = |record: &'a Record| {
                let entity = tx.entity(&record.entity)?;
                Ok(PlainRow { record, entity, hash: record.hash(), root_hash: record.root_hash() })
            };
            let rows = records.iter().map(row).collect::<Result<_>>()?;
            Ok(PlainRows { rows, dataset: tx.dataset(dataset)? })
        })
    }

    /// Inserts a batch in one transaction, as durable as a downsync page.
    ///
    /// # Errors
    /// Fails if the database cannot be written, or if a record exists already.
    pub fn insert_plain_page(&self, page: &PlainRows<'_>) -> Result<()> {
        self.write(Durability::Normal, |tx| insert(tx, std::slice::from_ref(page)))
    }

    /// Inserts all batches in one transaction, as durable as an apply.
    ///
    /// # Errors
    /// Fails if the database cannot be written, or if a record exists already.
    pub fn insert_plain_batches(&self, batches: &[PlainRows<'_>]) -> Result<()> {
        self.write(Durability::Full, |tx| insert(tx, batches))
    }
}

fn insert(tx: &WriteTx<'_>, batches: &[PlainRows<'_>]) -> Result<()> {
    let mut insert = tx.conn.prepare(
        "INSERT INTO record (dataset, entity, key, root, root_hash, row_version, modified, changed, deleted, gone,
            provenance, hash, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, ?8, 0, 1, ?9, ?10)",
    )?;
    for batch in batches {
        for PlainRow { record, entity, hash, root_hash } in &batch.rows {
            insert.execute(params![
                batch.dataset,
                entity,
                Key(&record.id),
                Key(&record.root),
                root_hash.0 as i64,
                record.row_version,
                record.modified.0,
                record.deleted,
                hash.0,
                record.body.as_str(),
            ])?;
        }
    }
    Ok(())
}
