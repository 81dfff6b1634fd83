//! The provenance of a received dataset: the device that signed it.

use fieldcast_model::{Dataset, DeviceName, Provenance, Signature, SnapshotHash, SnapshotSummary};
use rusqlite::{OptionalExtension, params};

use crate::rows::{dataset_id, packed, unpacked};
use crate::tx::WriteTx;
use crate::{Reader, Result};

impl Reader<'_> {
    /// The device that signed the present version of the dataset, and the summary it signed. Names and time in this
    /// summary may differ from those on this device. `None` if no other device has signed exactly this version: this
    /// device has downloaded or merged it.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn provenance(&self, dataset: &Dataset) -> Result<Option<(SnapshotSummary, Provenance)>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(None) };
        let Some((signed, provenance)) = self.kept_signed_snapshot(id)? else { return Ok(None) };
        let ours = SnapshotSummary {
            project_name: signed.project_name.clone(),
            boundary_name: signed.boundary_name.clone(),
            as_of: signed.as_of, // this device may confirm an earlier time only
            ..self.summary_of(id)?
        };
        Ok((ours == signed).then_some((signed, provenance)))
    }

    /// The stored provenance of the last snapshot that was applied as a whole, even if the dataset has changed since.
    pub(crate) fn kept_signed_snapshot(&self, dataset: i64) -> Result<Option<(SnapshotSummary, Provenance)>> {
        let sql = "SELECT summary, key, name, snapshot_hash, sources, signature FROM signed_snapshot WHERE dataset = ?";
        let kept = self.conn.query_row(sql, [dataset], |row| {
            let provenance = Provenance {
                key: row.get(1)?,
                name: DeviceName::from(row.get::<_, String>(2)?),
                snapshot_hash: SnapshotHash(row.get(3)?),
                sources: unpacked(row, 4)?,
                signature: Signature(row.get(5)?),
            };
            Ok((unpacked::<SnapshotSummary>(row, 0)?, provenance))
        });
        Ok(kept.optional()?)
    }
}

impl WriteTx<'_> {
    /// Stores the provenance of the snapshot that is in the store now.
    pub(crate) fn keep_signed_snapshot(
        &self,
        dataset: i64,
        summary: &SnapshotSummary,
        provenance: &Provenance,
    ) -> Result<()> {
        let Provenance { key, name, snapshot_hash, sources, signature } = provenance;
        self.conn.execute(
            "INSERT OR REPLACE INTO signed_snapshot (dataset, summary, key, name, snapshot_hash, sources, signature)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![dataset, packed(summary), key, name.as_str(), snapshot_hash.0, packed(sources), signature.0],
        )?;
        Ok(())
    }

    /// Removes the provenance: no other device has signed the present version.
    pub(crate) fn forget_signed_snapshot(&self, dataset: i64) -> Result<()> {
        self.conn.execute("DELETE FROM signed_snapshot WHERE dataset = ?", [dataset])?;
        Ok(())
    }
}
