//! Versions the server listed in an unfinished download, of which this device holds one with a greater stamp.
//!
//! A page alone proves little: it may be a cached, older one. If the run proves to be full they replace what is here, since
//! the server outranks what devices say of it.

use fieldcast_model::{Record, ServerTime};
use rusqlite::{Statement, params};

use crate::rows::Key;
use crate::tx::WriteTx;
use crate::{Reader, Result};

/// A version of the server's beside the one that is here.
pub(crate) struct Outranked {
    pub(crate) server: Record,
    pub(crate) stored_provenance: i64,
    pub(crate) stored_modified: ServerTime,
}

/// Notes the server's version of a record, until its run ends; see [`note`].
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
    /// What was noted for a run, of records that are still there.
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

    /// Forgets what was noted for runs that are over or were given up.
    pub(crate) fn forget_outranked(&self) -> Result<()> {
        self.conn.execute(
            "DELETE FROM outranked WHERE provenance NOT IN (SELECT provenance FROM sync_run WHERE NOT finished
                UNION SELECT ifnull(project_provenance, 0) FROM sync_run WHERE NOT finished)",
            (),
        )?;
        Ok(())
    }
}
