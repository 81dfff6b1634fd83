//! Who answers for what was taken over from another device.

use fieldcast_model::{Dataset, DeviceName, Origin, Signature, SnapshotSummary};
use rusqlite::{OptionalExtension, params};

use crate::access::Durability;
use crate::rows::{dataset_id, packed, unpacked};
use crate::{Reader, Result, Store};

impl Reader<'_> {
    /// The device that answers for a dataset at its present version, and the summary it has signed, in which only names
    /// may differ from this device's own. `None` if that is this device, as it is for what it has downloaded or merged.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn origin(&self, dataset: &Dataset) -> Result<Option<(SnapshotSummary, Origin)>> {
        let Some(id) = dataset_id(self.conn, dataset)? else { return Ok(None) };
        let kept =
            self.conn.query_row("SELECT summary, key, name, signature FROM origin WHERE dataset = ?", [id], |row| {
                let name: String = row.get(2)?;
                let origin =
                    Origin { key: row.get(1)?, name: DeviceName::new(&name), signature: Signature(row.get(3)?) };
                Ok((unpacked::<SnapshotSummary>(row, 0)?, origin))
            });
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

impl Store {
    /// Keeps who answers for a snapshot that is in the store now; durable when it returns.
    ///
    /// # Errors
    /// Whatever stands in the way of writing.
    pub fn keep_origin(&self, summary: &SnapshotSummary, origin: &Origin) -> Result<()> {
        self.write(Durability::Full, |tx| {
            tx.conn.execute(
                "INSERT OR REPLACE INTO origin (dataset, summary, key, name, signature) VALUES (?, ?, ?, ?, ?)",
                params![
                    tx.dataset(&summary.dataset, &summary.project_name, &summary.boundary_name)?,
                    packed(summary),
                    origin.key,
                    origin.name.as_str(),
                    origin.signature.0,
                ],
            )?;
            Ok(())
        })
    }
}
