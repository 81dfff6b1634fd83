//! A write transaction: row ids of types and datasets, and the digests of the changed records.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use fieldcast_model::{Dataset, Digest, EntityType, RecordHash, RootHash, ServerTime};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::rows::dataset_id;
use crate::{Reader, Result};

pub(crate) struct WriteTx<'c> {
    pub(crate) conn: Transaction<'c>,
    entities: RefCell<HashMap<EntityType, i64>>,
    changes: RefCell<HashMap<(i64, u32), Change>>,
    /// The change in the number of records of each provenance.
    counts: RefCell<HashMap<i64, i64>>,
    abandoned: Cell<bool>,
}

/// The changes of the transaction to one range of a dataset.
struct Change {
    digest: Digest,
    records: i64,
    json_bytes: i64,
    households: i64,
}

impl Change {
    const NONE: Self = Self { digest: Digest::EMPTY, records: 0, json_bytes: 0, households: 0 };
}

/// The values of one record version that count in its range.
#[derive(Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) root_hash: RootHash,
    pub(crate) hash: RecordHash,
    pub(crate) json_bytes: i64,
    pub(crate) live_household: bool,
    pub(crate) provenance: i64,
}

impl<'c> WriteTx<'c> {
    pub(crate) fn new(conn: Transaction<'c>) -> Self {
        Self {
            conn,
            entities: RefCell::default(),
            changes: RefCell::default(),
            counts: RefCell::default(),
            abandoned: Cell::new(false),
        }
    }

    /// Reads the state that the transaction would commit.
    pub(crate) fn reader(&self) -> Result<Reader<'_>> {
        self.flush()?;
        Ok(Reader::new(&self.conn))
    }

    /// The `as_of` of a dataset; 0 if it was never complete.
    pub(crate) fn as_of(&self, dataset: i64) -> Result<ServerTime> {
        let as_of = self.conn.query_one("SELECT as_of FROM dataset WHERE id = ?", [dataset], |row| row.get(0))?;
        Ok(ServerTime(as_of))
    }

    /// Makes the transaction roll back without an error.
    pub(crate) fn abandon(&self) {
        self.abandoned.set(true);
    }

    pub(crate) fn commit(self) -> Result<()> {
        if self.abandoned.get() {
            return Ok(self.conn.rollback()?);
        }
        self.flush()?;
        Ok(self.conn.commit()?)
    }

    /// The row id of an entity type. Creates it if it is new.
    pub(crate) fn entity(&self, entity: &EntityType) -> Result<i64> {
        if let Some(id) = self.entities.borrow().get(entity) {
            return Ok(*id);
        }
        self.conn.execute("INSERT INTO entity (name) VALUES (?) ON CONFLICT DO NOTHING", [entity.as_str()])?;
        let id = self.conn.query_one("SELECT id FROM entity WHERE name = ?", [entity.as_str()], |row| row.get(0))?;
        self.entities.borrow_mut().insert(entity.clone(), id);
        Ok(id)
    }

    /// The row id of a dataset. Creates it if it is new.
    pub(crate) fn dataset(&self, dataset: &Dataset) -> Result<i64> {
        let boundary = dataset.boundary.as_deref().unwrap_or_default();
        self.conn.execute(
            "INSERT INTO dataset (tenant, project, boundary) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            params![dataset.tenant, dataset.project, boundary],
        )?;
        dataset_id(&self.conn, dataset)?.ok_or(crate::Error::Corrupt)
    }

    /// Sets the names of a dataset. An empty name keeps the stored one.
    pub(crate) fn rename(&self, dataset: i64, project_name: &str, boundary_name: &str) -> Result<()> {
        self.conn.execute(
            "UPDATE dataset SET project_name = iif(?2 = '', project_name, ?2),
                boundary_name = iif(?3 = '', boundary_name, ?3) WHERE id = ?1",
            params![dataset, project_name, boundary_name],
        )?;
        Ok(())
    }

    /// Adds a version of a record to its range.
    pub(crate) fn add(&self, dataset: i64, version: Counted) {
        self.change(dataset, version, 1, |digest| digest.insert(version.hash));
    }

    /// Removes a version of a record from its range.
    pub(crate) fn remove(&self, dataset: i64, version: Counted) {
        self.change(dataset, version, -1, |digest| digest.remove(version.hash));
    }

    fn change(&self, dataset: i64, version: Counted, by: i64, digest: impl FnOnce(&mut Digest)) {
        let mut changes = self.changes.borrow_mut();
        let change = changes.entry((dataset, version.root_hash.fine_range())).or_insert(Change::NONE);
        digest(&mut change.digest);
        change.records += by;
        change.json_bytes += by * version.json_bytes;
        change.households += by * i64::from(version.live_household);
        *self.counts.borrow_mut().entry(version.provenance).or_default() += by;
    }

    /// Writes the changes so far to `range_digest` and to the counts in `provenance`.
    pub(crate) fn flush(&self) -> Result<()> {
        for (provenance, by) in self.counts.take() {
            self.conn.execute("UPDATE provenance SET records = records + ? WHERE id = ?", [by, provenance])?;
        }
        let changes = self.changes.take();
        if changes.is_empty() {
            return Ok(());
        }
        let mut find = self.conn.prepare(
            "SELECT digest, records, json_bytes, households FROM range_digest WHERE dataset = ? AND range = ?",
        )?;
        let mut put = self.conn.prepare(
            "INSERT INTO range_digest (dataset, range, digest, records, json_bytes, households)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (dataset, range) DO UPDATE SET digest = excluded.digest,
                records = excluded.records, json_bytes = excluded.json_bytes, households = excluded.households",
        )?;
        let mut drop = self.conn.prepare("DELETE FROM range_digest WHERE dataset = ? AND range = ?")?;
        for ((dataset, range), mut change) in changes {
            let before = find.query_row(params![dataset, range], |row| {
                Ok((
                    Digest::from_bytes(row.get(0)?),
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, i64>(3)?,
                ))
            });
            if let Some((digest, records, json_bytes, households)) = before.optional()? {
                change.digest += digest;
                change.records += records;
                change.json_bytes += json_bytes;
                change.households += households;
            }
            if change.records == 0 {
                drop.execute(params![dataset, range])?;
            } else {
                let digest = change.digest.as_bytes();
                put.execute(params![dataset, range, digest, change.records, change.json_bytes, change.households])?;
            }
        }
        Ok(())
    }
}
