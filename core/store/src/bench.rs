//! The yardstick for the bulk paths: the same rows into the same table by a plain prepared-statement loop, on the same
//! connection, with nothing merged, no digest kept, and all that is computed of a row computed before.

use fieldcast_model::{Dataset, Record, RecordHash, RootHash};
use rusqlite::params;

use crate::access::Durability;
use crate::rows::Key;
use crate::tx::WriteTx;
use crate::{Result, Store};

/// Records with what their rows need computed.
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
    /// Computes hashes and interns entity types and dataset, so that the loop has only to insert.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
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

    /// Inserts a batch in a transaction as durable as a downsync page's.
    ///
    /// # Errors
    /// Whatever stands in the way of writing, a record that is there already included.
    pub fn insert_plain_page(&self, page: &PlainRows<'_>) -> Result<()> {
        self.write(Durability::Normal, |tx| insert(tx, std::slice::from_ref(page)))
    }

    /// Inserts all batches in one transaction as durable as an apply's.
    ///
    /// # Errors
    /// Whatever stands in the way of writing, a record that is there already included.
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
