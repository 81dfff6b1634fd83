//! Server versions from an unfinished download with a smaller stamp than the version on this device.
//!
//! One page alone proves little: it may be an older, cached page. If the run is complete, the server versions replace
//! the stored ones, because the server has priority over data from devices.

use fieldcast_model::{Record, ServerTime};
use rusqlite::{Statement, params};

use crate::rows::Key;
use crate::tx::WriteTx;
use crate::{Reader, Result};

/// A server version and the provenance of the version on this device.
pub(crate) struct Outranked {
    pub(crate) server: Record,
    pub(crate) stored_provenance: i64,
    pub(crate) stored_modified: ServerTime,
}

/// Stores the server version of a record until the end of its run; see [`note`].
pub(crate) const NOTE: &str = "INSERT OR REPLACE INTO outranked
    (provenance, record, root, row_version, modified, deleted, body) VALUES (?, ?, ?, ?, ?, ?, ?)";

/// Runs [`NOTE`] for the record in `row` and the run with this provenance.
pub(crate) fn note(statement: &mut Statement<'_>, provenance: i64, row: i64, server: &Record) -> Result<()> {
    statement.execute(params![
        provenance,
        row,
        Key(&server.root),
        server.row_version,
        server.modified.0,
        server.deleted,
        server.body.as_str(),
    ])?;
    Ok(())
}

impl WriteTx<'_> {
    /// The stored server versions of a run, for records that still exist.
    pub(crate) fn outranked(&self, provenance: i64) -> Result<Vec<Outranked>> {
        let reader = Reader::new(&self.conn);
        let mut query = self.conn.prepare(
            "SELECT r.entity, r.key, o.root, o.row_version, o.modified, o.deleted, o.body, r.provenance, r.modified
             FROM outranked o JOIN record r ON r.id = o.record WHERE o.provenance = ?",
        )?;
        let mut rows = query.query([provenance])?;
        let mut outranked = Vec::new();
        while let Some(row) = rows.next()? {
            outranked.push(Outranked {
                server: reader.record(row)?,
                stored_provenance: row.get(7)?,
                stored_modified: ServerTime(row.get(8)?),
            });
        }
        Ok(outranked)
    }

    /// Removes the stored server versions of runs that are finished or abandoned.
    pub(crate) fn forget_outranked(&self) -> Result<()> {
        self.conn.execute(
            "DELETE FROM outranked WHERE provenance NOT IN (SELECT provenance FROM sync_run WHERE NOT finished
                UNION SELECT ifnull(project_provenance, 0) FROM sync_run WHERE NOT finished)",
            (),
        )?;
        Ok(())
    }
}
