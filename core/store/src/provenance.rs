//! The provenance of records: downloads by this device, and bundles from other devices.
//!
//! Each download run and each received bundle is one row, numbered in the order of arrival. A record refers to the row
//! that brought its version. The confirmation of a whole dataset is stored as a bound on these numbers, so confirming a
//! record costs no write.

use std::collections::HashMap;

use fieldcast_model::{Dataset, DeviceName, Fingerprint, Provenance, ServerTime, SnapshotSource};
use rusqlite::{Connection, params};

use crate::rows::{count, dataset_id, packed, shown_text, unpacked};
use crate::tx::WriteTx;
use crate::{Reader, Result};

/// The records of a dataset from one bundle, or from all downloads by this device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSource {
    /// The bundle; `None` for downloads by this device.
    pub bundle: Option<BundleSource>,
    /// The number of records in the dataset from this source.
    pub records: u64,
    /// The server time when the download of these records began, as far as this device can confirm it.
    pub as_of: ServerTime,
}

/// The provenance of records that this device has not downloaded itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleSource {
    /// Ed25519 public key of the device that signed the snapshot.
    pub signer: [u8; 32],
    /// The name of the signing device.
    pub signer_name: DeviceName,
    /// The devices whose downloads the signer had merged, as its signature states. Empty if it is the signer's own
    /// download.
    pub merged: Vec<SnapshotSource>,
    /// The device that sent the bundle.
    pub carrier: Fingerprint,
    /// The name of the sending device.
    pub carrier_name: DeviceName,
}

/// For the versions of one dataset: the source that confirms each, and the confirmed time.
#[derive(Debug, Default)]
pub(crate) struct Provenances {
    own: i64,
    vouched: (i64, ServerTime),
    rows: HashMap<i64, (ServerTime, bool)>,
}

impl Provenances {
    pub(crate) fn of(conn: &Connection, dataset: i64) -> Result<Self> {
        let mut query = conn.prepare("SELECT id, as_of, signer IS NULL FROM provenance WHERE dataset = ?")?;
        let rows = query.query_map([dataset], |row| Ok((row.get(0)?, (ServerTime(row.get(1)?), row.get(2)?))))?;
        let rows: HashMap<i64, (ServerTime, bool)> = rows.collect::<Result<_, _>>()?;
        let (own, vouched) = conn.query_one("SELECT own, vouched FROM dataset WHERE id = ?", [dataset], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        let as_of = rows.get(&vouched).map_or_else(ServerTime::default, |(as_of, _)| *as_of);
        Ok(Self { own, vouched: (vouched, as_of), rows })
    }

    /// Whether this device has downloaded the version.
    pub(crate) fn is_own(&self, provenance: i64) -> bool {
        provenance <= self.own || self.rows.get(&provenance).is_some_and(|(_, is_own)| *is_own)
    }

    /// The time when the version was known to be the server's.
    pub(crate) fn as_of(&self, provenance: i64) -> ServerTime {
        let as_of = self.rows.get(&provenance).map_or_else(ServerTime::default, |(as_of, _)| *as_of);
        let (vouched, vouched_as_of) = self.vouched;
        if provenance <= vouched { as_of.max(vouched_as_of) } else { as_of }
    }

    /// The last time when the whole dataset was known to be the server's.
    pub(crate) fn vouched_as_of(&self) -> ServerTime {
        self.vouched.1
    }
}

impl WriteTx<'_> {
    /// Creates a provenance for records that this device downloads. [`date_provenance`](Self::date_provenance) sets its
    /// time.
    pub(crate) fn download_provenance(&self, dataset: i64) -> Result<i64> {
        self.conn.execute("INSERT INTO provenance (dataset) VALUES (?)", [dataset])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Creates a provenance for the records of a bundle.
    pub(crate) fn bundle_provenance(
        &self,
        dataset: i64,
        as_of: ServerTime,
        provenance: &Provenance,
        (carrier, carrier_name): (Fingerprint, &DeviceName),
    ) -> Result<i64> {
        self.conn.execute(
            "INSERT INTO provenance (dataset, as_of, signer, signer_name, sources, carrier, carrier_name)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            params![
                dataset,
                as_of.0,
                provenance.key,
                provenance.name.as_str(),
                packed(&provenance.sources),
                carrier.0,
                carrier_name.as_str()
            ],
        )?;
        Ok(self.conn.last_insert_rowid())
    }

    pub(crate) fn date_provenance(&self, provenance: i64, as_of: ServerTime) -> Result<()> {
        self.conn.execute("UPDATE provenance SET as_of = ? WHERE id = ?", [as_of.0, provenance])?;
        Ok(())
    }

    /// Records that this download or bundle confirms the whole dataset in its present state.
    pub(crate) fn vouch(&self, dataset: i64, provenance: i64, is_own: bool) -> Result<()> {
        let bounds = if is_own { "own = ?2, vouched = ?2" } else { "vouched = ?2" };
        self.conn.execute(&format!("UPDATE dataset SET {bounds} WHERE id = ?1"), [dataset, provenance])?;
        Ok(())
    }

    /// Removes provenances without records.
    pub(crate) fn forget_provenances(&self, dataset: i64) -> Result<()> {
        self.flush()?;
        self.conn.execute(
            "DELETE FROM provenance WHERE dataset = ?1 AND records = 0
                AND id NOT IN (SELECT own FROM dataset WHERE id = ?1 UNION SELECT vouched FROM dataset WHERE id = ?1
                    UNION SELECT provenance FROM undo WHERE dataset = ?1
                    UNION SELECT provenance FROM undo_record WHERE dataset = ?1
                    UNION SELECT provenance FROM sync_run WHERE NOT finished
                    UNION SELECT ifnull(project_provenance, 0) FROM sync_run WHERE NOT finished)",
            [dataset],
        )?;
        Ok(())
    }
}

impl Reader<'_> {
    /// The sources of the records of a dataset: downloads by this device first, then bundles in the order of arrival.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn sources(&self, dataset: &Dataset) -> Result<Vec<RecordSource>> {
        match dataset_id(self.conn, dataset)? {
            Some(id) => self.sources_of(id),
            None => Ok(Vec::new()),
        }
    }

    pub(crate) fn sources_of(&self, dataset: i64) -> Result<Vec<RecordSource>> {
        let provenances = Provenances::of(self.conn, dataset)?;
        let mut query = self.conn.prepare(
            "SELECT id, records, signer, signer_name, sources, carrier, carrier_name FROM provenance
             WHERE dataset = ? AND records > 0 ORDER BY id",
        )?;
        let mut rows = query.query([dataset])?;
        let (mut own, mut bundles): (Option<RecordSource>, Vec<RecordSource>) = (None, Vec::new());
        while let Some(row) = rows.next()? {
            let (id, records) = (row.get(0)?, count(row, 1)?);
            let as_of = provenances.as_of(id);
            if provenances.is_own(id) {
                let own = own.get_or_insert(RecordSource { bundle: None, records: 0, as_of });
                (own.records, own.as_of) = (own.records + records, own.as_of.min(as_of));
                continue;
            }
            let bundle = BundleSource {
                signer: row.get(2)?,
                signer_name: DeviceName::from(shown_text(row, 3)?),
                merged: unpacked(row, 4)?,
                carrier: Fingerprint(row.get(5)?),
                carrier_name: DeviceName::from(shown_text(row, 6)?),
            };
            bundles.push(RecordSource { bundle: Some(bundle), records, as_of });
        }
        Ok(own.into_iter().chain(bundles).collect())
    }
}
