//! Distribution statistics: how many devices have the present version of a dataset.

use std::collections::HashMap;

use fieldcast_model::{Dataset, Digest, Fingerprint, SnapshotSummary};
use rusqlite::types::ValueRef;

use crate::rows::unpacked;
use crate::{Reader, Result, Store};

/// A dataset that this device has sent, and how many devices have its present version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionStats {
    /// The dataset in its present version on this device.
    pub summary: SnapshotSummary,
    /// How many devices were ever selected as recipients of any version.
    pub picked: usize,
    /// How many of them reported exactly the records of this version when they last saved the dataset.
    pub saved: usize,
}

impl Reader<'_> {
    /// The distribution statistics of each complete dataset that this device has ever sent, in the order of
    /// [`datasets`](Self::datasets). The statistics cover only the exchanges in the history.
    ///
    /// # Errors
    /// Fails if the database cannot be read.
    pub fn distribution_stats(&self) -> Result<Vec<DistributionStats>> {
        let held = self.datasets()?.into_iter().map(|status| status.summary).filter(|summary| summary.as_of.0 > 0);
        let held: Vec<SnapshotSummary> = held.collect();
        // For each dataset: its present digest, its recipients, and whether each recipient saved it.
        let mut found: HashMap<&Dataset, (Digest, HashMap<Fingerprint, bool>)> =
            held.iter().map(|summary| (&summary.dataset, (summary.digest, HashMap::new()))).collect();
        let mut query =
            self.conn.prepare("SELECT peer, offered, digests FROM exchange WHERE role = 'sent' ORDER BY id")?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            let peer = Fingerprint(row.get(0)?);
            let digests: Vec<Digest> = if row.get_ref(2)? == ValueRef::Null { Vec::new() } else { unpacked(row, 2)? };
            for (index, offered) in unpacked::<Vec<SnapshotSummary>>(row, 1)?.iter().enumerate() {
                if let Some((digest, peers)) = found.get_mut(&offered.dataset) {
                    let has_it = peers.entry(peer).or_default();
                    // Compare by digest. A download without changes gives a later date to the same records, and a
                    // device that kept newer records has other records. An exchange that was not saved changes nothing.
                    *has_it = digests.get(index).map_or(*has_it, |saved| saved == digest);
                }
            }
        }
        let stats = |summary: &SnapshotSummary| {
            let (_, peers) = found.get(&summary.dataset)?;
            let saved = peers.values().filter(|saved| **saved).count();
            (!peers.is_empty()).then(|| DistributionStats { summary: summary.clone(), picked: peers.len(), saved })
        };
        Ok(held.iter().filter_map(stats).collect())
    }
}

impl Store {
    /// See [`Reader::distribution_stats`].
    ///
    /// # Errors
    /// The same errors.
    pub fn distribution_stats(&self) -> Result<Vec<DistributionStats>> {
        self.read(|r| r.distribution_stats())
    }
}
