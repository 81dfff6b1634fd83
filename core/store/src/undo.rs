//! Undo: restores a dataset to its state before the last received bundle.

use fieldcast_model::{Dataset, Provenance, ServerTime, SnapshotSummary};
use rusqlite::{OptionalExtension, Statement, params};
use serde::{Deserialize, Serialize};

use crate::access::Durability;
use crate::prepared::{Arrival, Prepared, UPDATE};
use crate::rows::{RECORD, dataset_id, packed, unpacked};
use crate::tx::{Counted, WriteTx};
use crate::{Error, Reader, Result, Store};

/// The stored state of a dataset, without the replaced records.
#[derive(Serialize, Deserialize)]
struct Before {
    as_of: ServerTime,
    own: i64,
    vouched: i64,
    project_name: String,
    boundary_name: String,
    provenance: Option<(SnapshotSummary, Provenance)>,
}

/// Saves the version in a row (`?1`) of a dataset (`?2`) before a bundle replaces it, unless the same bundle brought
/// it.
pub(crate) const KEEP: &str = "INSERT INTO undo_record
    (id, dataset, root, row_version, modified, changed, deleted, gone, provenance, body)
    SELECT id, dataset, root, row_version, modified, changed, deleted, gone, provenance, body FROM record
    WHERE id = ?1 AND provenance <> (SELECT provenance FROM undo WHERE dataset = ?2)";

impl Store {
    /// Undoes the last received bundle of a dataset: each record has its earlier version again. Durable when it
    /// returns. Possible until the next download or bundle of the dataset. Local edits stay.
    ///
    /// # Errors
    /// [`Error::NothingToUndo`]. Also fails if the database cannot be written.
    pub fn undo_bundle(&self, dataset: &Dataset) -> Result<()> {
        self.write(Durability::Full, |tx| {
            let id = dataset_id(&tx.conn, dataset)?.ok_or(Error::NothingToUndo)?;
            let kept = tx.conn.query_row("SELECT provenance, before FROM undo WHERE dataset = ?", [id], |row| {
                Ok((row.get::<_, i64>(0)?, unpacked::<Before>(row, 1)?))
            });
            let (provenance, before) = kept.optional()?.ok_or(Error::NothingToUndo)?;
            tx.take_out(id, provenance)?;
            tx.put_back(id)?;
            tx.restore(id, &before)?;
            tx.forget_undo(id)?;
            tx.forget_provenances(id)?;
            tx.forget_if_empty(id)
        })
    }
}

impl WriteTx<'_> {
    /// Saves the state of a dataset before a bundle changes it. Drops the saved state of an earlier bundle.
    pub(crate) fn begin_undo(&self, dataset: i64, provenance: i64) -> Result<()> {
        self.forget_undo(dataset)?;
        let sql = "SELECT as_of, own, vouched, project_name, boundary_name FROM dataset WHERE id = ?";
        let signed = Reader::new(&self.conn).kept_signed_snapshot(dataset)?;
        let before = self.conn.query_one(sql, [dataset], |row| {
            Ok(Before {
                as_of: ServerTime(row.get(0)?),
                own: row.get(1)?,
                vouched: row.get(2)?,
                project_name: row.get(3)?,
                boundary_name: row.get(4)?,
                provenance: signed,
            })
        })?;
        let keep = "INSERT INTO undo (dataset, provenance, before) VALUES (?, ?, ?)";
        self.conn.execute(keep, params![dataset, provenance, packed(&before)])?;
        Ok(())
    }

    /// Drops the saved state, because the next change cannot be undone together with the last bundle.
    pub(crate) fn forget_undo(&self, dataset: i64) -> Result<()> {
        self.conn.execute("DELETE FROM undo WHERE dataset = ?", [dataset])?;
        Ok(())
    }

    /// Removes the records that only the bundle brought.
    fn take_out(&self, dataset: i64, provenance: i64) -> Result<()> {
        let mut find = self.conn.prepare(
            "SELECT id FROM record WHERE dataset = ? AND provenance = ? AND id NOT IN (SELECT id FROM undo_record)",
        )?;
        let rows: Vec<i64> =
            find.query_map([dataset, provenance], |row| row.get(0))?.collect::<std::result::Result<_, _>>()?;
        let mut remove = self.conn.prepare("DELETE FROM record WHERE id = ?")?;
        let mut here = self.conn.prepare(&here())?;
        for row in rows {
            self.remove(dataset, self.counted(&mut here, row)?);
            remove.execute([row])?;
        }
        Ok(())
    }

    /// Restores the versions that the bundle replaced.
    fn put_back(&self, dataset: i64) -> Result<()> {
        // The replaced version of each record. LEFT JOIN: a missing record is damage.
        let mut kept = self.conn.prepare(
            "SELECT r.entity, r.key, u.root, u.row_version, u.modified, u.deleted, u.body, u.id, u.provenance, u.changed,
                u.gone FROM undo_record u LEFT JOIN record r ON r.id = u.id WHERE u.dataset = ?",
        )?;
        let mut update = self.conn.prepare(UPDATE)?;
        let mut here = self.conn.prepare(&here())?;
        let mut rows = kept.query([dataset])?;
        let reader = Reader::new(&self.conn);
        while let Some(row) = rows.next()? {
            let id = row.get(7)?;
            self.remove(dataset, self.counted(&mut here, id)?);
            let record = reader.record(row)?;
            let (before, provenance) = (Prepared::of(&record), row.get(8)?);
            before.update(&mut update, id, Arrival { changed: row.get(9)?, gone: row.get(10)?, provenance })?;
            self.add(dataset, before.counted(provenance));
        }
        Ok(())
    }

    /// The values of a record that count in its range. The statement is [`here`].
    fn counted(&self, here: &mut Statement<'_>, row: i64) -> Result<Counted> {
        let mut rows = here.query([row])?;
        let row = rows.next()?.ok_or(Error::Corrupt)?;
        let record = Reader::new(&self.conn).record(row)?;
        Ok(Prepared::of(&record).counted(row.get(7)?))
    }

    fn restore(&self, dataset: i64, before: &Before) -> Result<()> {
        self.conn.execute(
            "UPDATE dataset SET as_of = ?, own = ?, vouched = ?, project_name = ?, boundary_name = ? WHERE id = ?",
            params![before.as_of.0, before.own, before.vouched, before.project_name, before.boundary_name, dataset],
        )?;
        self.forget_signed_snapshot(dataset)?;
        if let Some((summary, provenance)) = &before.provenance {
            self.keep_signed_snapshot(dataset, summary, provenance)?;
        }
        Ok(())
    }

    /// Removes a dataset that only the bundle brought, unless it has local edits.
    fn forget_if_empty(&self, dataset: i64) -> Result<()> {
        self.conn.execute(
            "DELETE FROM dataset WHERE id = ?1 AND as_of = 0 AND NOT EXISTS (SELECT 1 FROM record WHERE dataset = ?1)
                AND NOT EXISTS (SELECT 1 FROM local_edit WHERE dataset = ?1)
                AND NOT EXISTS (SELECT 1 FROM sync_run WHERE dataset = ?1 AND NOT finished)",
            [dataset],
        )?;
        Ok(())
    }
}

fn here() -> String {
    format!("SELECT {RECORD}, provenance FROM record WHERE id = ?")
}

impl Reader<'_> {
    /// Whether the last received bundle of a dataset can be undone; see [`Store::undo_bundle`].
    pub(crate) fn can_undo(&self, dataset: i64) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM undo WHERE dataset = ?)";
        Ok(self.conn.query_one(sql, [dataset], |row| row.get(0))?)
    }
}
