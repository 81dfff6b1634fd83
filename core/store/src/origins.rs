//! Who answers for what was taken over from another device.

use fieldcast_model::{Dataset, DeviceName, Origin, Seal, Signature, SnapshotSummary};
use rusqlite::{OptionalExtension, params};

use crate::rows::{dataset_id, packed, unpacked};
use crate::tx::WriteTx;
use crate::{Reader, Result};

impl Reader<'_> {
    /// The device that answers for a dataset at its present version, and the summary it has signed, in which only names
    /// may differ from this device's own. `None` if that is this device, as it is for what it has downloaded or merged.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn origin(&self, dataset: &Dataset) -> Result<Option<(SnapshotSummary, Origin)>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(None) };
        let kept = self.conn.query_row(
            "SELECT summary, key, name, seal, signature FROM origin WHERE dataset = ?",
            [id],
            |row| {
                let (name, seal): (String, _) = (row.get(2)?, Seal(row.get(3)?));
                let signature = Signature(row.get(4)?);
                let origin = Origin { key: row.get(1)?, name: DeviceName::new(&name), seal, signature };
                Ok((unpacked::<SnapshotSummary>(row, 0)?, origin))
            },
        );
        let Some((signed, origin)) = kept.optional()? else { return Ok(None) };
        let ours = self.summary_of(id)?;
        let named_alike = SnapshotSummary {
            project_name: signed.project_name.clone(),
            boundary_name: signed.boundary_name.clone(),
            ..ours
        };
        Ok((named_alike == signed).then_some((signed, origin)))
    }
}

impl WriteTx<'_> {
    /// Keeps who answers for a snapshot that is in the store now.
    pub(crate) fn keep_origin(&self, dataset: i64, summary: &SnapshotSummary, origin: &Origin) -> Result<()> {
        self.conn.execute(
            "INSERT OR REPLACE INTO origin (dataset, summary, key, name, seal, signature) VALUES (?, ?, ?, ?, ?, ?)",
            params![dataset, packed(summary), origin.key, origin.name.as_str(), origin.seal.0, origin.signature.0],
        )?;
        Ok(())
    }
}
