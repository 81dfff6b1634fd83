//! The datasets on this device.

use fieldcast_model::{Dataset, Digest, ServerTime, SnapshotSummary};
use rusqlite::{OptionalExtension, Row, params};

use crate::access::Durability;
use crate::rows::{self, DATASET, count, dataset_id};
use crate::{Error, Reader, RecordSource, Result, Store, SyncCursor};

/// A dataset on this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetStatus {
    /// Its present version. If `as_of` is 0, no download of it was ever complete.
    pub summary: SnapshotSummary,
    /// The unfinished download of this dataset, running or not.
    pub syncing: Option<SyncCursor>,
    /// The sources of its records.
    pub sources: Vec<RecordSource>,
    /// Whether the last change was a received bundle that can still be undone: [`Store::undo_bundle`].
    pub can_undo: bool,
}

const SELECT: &str = "SELECT id, tenant, project, boundary, project_name, boundary_name, as_of FROM dataset";

fn head(row: &Row<'_>) -> rusqlite::Result<(i64, SnapshotSummary)> {
    let summary = SnapshotSummary {
        dataset: rows::dataset(row, 1)?,
        project_name: row.get(4)?,
        boundary_name: row.get(5)?,
        as_of: ServerTime(row.get(6)?),
        records: 0,
        households: 0,
        json_bytes: 0,
        digest: Digest::EMPTY,
    };
    Ok((row.get(0)?, summary))
}

impl Reader<'_> {
    /// All datasets with any data on this device, by tenant, project and boundary. The project-wide dataset is first.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn datasets(&self) -> Result<Vec<DatasetStatus>> {
        let mut statement = self.conn.prepare(&format!("{SELECT} ORDER BY {DATASET}"))?;
        let heads = statement.query_map((), head)?.collect::<Result<Vec<_>, _>>()?;
        let complete = |(id, summary): (i64, SnapshotSummary)| {
            Ok(DatasetStatus {
                summary: self.with_totals(id, summary)?,
                syncing: self.unfinished_run(id)?,
                sources: self.sources_of(id)?,
                can_undo: self.can_undo(id)?,
            })
        };
        heads.into_iter().map(complete).collect()
    }

    /// The present version of one dataset. `None` if this device has no data of it.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn summary(&self, dataset: &Dataset) -> Result<Option<SnapshotSummary>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(None) };
        self.summary_of(id).map(Some)
    }

    pub(crate) fn summary_of(&self, dataset: i64) -> Result<SnapshotSummary> {
        let (id, summary) = self.conn.query_one(&format!("{SELECT} WHERE id = ?"), [dataset], head)?;
        self.with_totals(id, summary)
    }

    /// The names of project and boundary to show for an offered snapshot, in this order of preference: the server's
    /// names; the snapshot's names if `is_trusted`; the names already stored; the snapshot's names.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn names(&self, offered: &SnapshotSummary, is_trusted: bool) -> Result<(String, String)> {
        let Dataset { tenant, project, boundary } = &offered.dataset;
        let known = |name: &str, boundary: Option<&str>| {
            let sql = format!(
                "SELECT {name}, EXISTS (SELECT 1 FROM sync_run WHERE dataset = dataset.id) AS is_servers FROM dataset
                 WHERE tenant = ? AND project = ? AND boundary = ifnull(?, boundary) AND {name} <> ''
                 ORDER BY is_servers DESC, id LIMIT 1"
            );
            let row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            Ok::<_, Error>(self.conn.query_row(&sql, params![tenant, project, boundary], row).optional()?)
        };
        let chosen = |known: Option<(String, bool)>, offered: &str| match known {
            Some((name, is_servers)) if is_servers || !is_trusted || offered.is_empty() => name,
            _ => offered.to_owned(),
        };
        Ok((
            chosen(known("project_name", None)?, &offered.project_name),
            chosen(known("boundary_name", Some(boundary.as_deref().unwrap_or_default()))?, &offered.boundary_name),
        ))
    }

    fn with_totals(&self, id: i64, mut summary: SnapshotSummary) -> Result<SnapshotSummary> {
        let mut statement =
            self.conn.prepare("SELECT digest, records, json_bytes, households FROM range_digest WHERE dataset = ?")?;
        let mut ranges = statement.query([id])?;
        while let Some(row) = ranges.next()? {
            summary.digest += Digest::from_bytes(row.get(0)?);
            summary.records += count(row, 1)?;
            summary.json_bytes += count(row, 2)?;
            summary.households += count(row, 3)?;
        }
        Ok(summary)
    }
}

impl Store {
    /// See [`Reader::datasets`].
    ///
    /// # Errors
    /// The same errors.
    pub fn datasets(&self) -> Result<Vec<DatasetStatus>> {
        self.read(|r| r.datasets())
    }

    /// See [`Reader::summary`].
    ///
    /// # Errors
    /// The same errors.
    pub fn summary(&self, dataset: &Dataset) -> Result<Option<SnapshotSummary>> {
        self.read(|r| r.summary(dataset))
    }

    /// Removes a dataset and all its data from the device. Returns whether it existed. The file does not shrink; SQLite
    /// reuses the free pages.
    ///
    /// # Errors
    /// [`Error::UnsentEdits`] if the dataset has unsent local edits. Also fails if the database cannot be written.
    pub fn remove_dataset(&self, dataset: &Dataset) -> Result<bool> {
        self.write(Durability::Full, |tx| {
            let Some(id) = dataset_id(&tx.conn, dataset)? else { return Ok(false) };
            let edits = "SELECT count(*) FROM local_edit WHERE dataset = ?";
            match tx.conn.query_one(edits, [id], |row| count(row, 0))? {
                0 => {}
                edits => return Err(Error::UnsentEdits { edits }),
            }
            tx.conn.execute("DELETE FROM dataset WHERE id = ?", params![id])?;
            Ok(true)
        })
    }
}
