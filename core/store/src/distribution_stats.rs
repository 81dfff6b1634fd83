//! How far a dataset's present version has come.

use std::collections::HashMap;

use fieldcast_model::{Dataset, Digest, Fingerprint, SnapshotSummary};
use rusqlite::types::ValueRef;

use crate::rows::unpacked;
use crate::{Reader, Result, Store};

/// A dataset this device has sent, and who has its present version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistributionStats {
    /// The dataset as this device has it now.
    pub summary: SnapshotSummary,
    /// How many devices were ever picked to be sent any version of it.
    pub picked: usize,
    /// How many of them said, when they last saved it, that they had the very records of this version.
    pub saved: usize,
}

impl Reader<'_> {
    /// How far each complete dataset has come that this device has ever sent to anybody, in the order of
    /// [`datasets`](Self::datasets). As far as the history goes back.
    ///
    /// # Errors
    /// Whatever stands in the way of reading.
    pub fn reach(&self) -> Result<Vec<DistributionStats>> {
        let held = self.datasets()?.into_iter().map(|status| status.summary).filter(|summary| summary.as_of.0 > 0);
        let held: Vec<SnapshotSummary> = held.collect();
        // Of each dataset its present digest, and whom it was sent to with whether that was saved.
        let mut found: HashMap<&Dataset, (Digest, HashMap<Fingerprint, bool>)> =
            held.iter().map(|summary| (&summary.dataset, (summary.digest, HashMap::new()))).collect();
        let mut query =
            self.conn.prepare("SELECT peer, offered, digests FROM exchange WHERE role = 'sent' ORDER BY id")?;
        let mut rows = query.query(())?;
        while let Some(row) = rows.next()? {
            let peer = Fingerprint(row.get(0)?);
            let digests: Vec<Digest> = if row.get_ref(2)? == ValueRef::Null { Vec::new() } else { unpacked(row, 2)? };
            for (place, offered) in unpacked::<Vec<SnapshotSummary>>(row, 1)?.iter().enumerate() {
                if let Some((digest, peers)) = found.get_mut(&offered.dataset) {
                    let has_it = peers.entry(peer).or_default();
                    // By digest: a download that brought nothing new gives a later date to the same records, and a device
                    // that kept newer ones has other records. What was not saved changes nothing.
                    *has_it = digests.get(place).map_or(*has_it, |saved| saved == digest);
                }
            }
        }
        let reach = |summary: &SnapshotSummary| {
            let (_, peers) = found.get(&summary.dataset)?;
            let saved = peers.values().filter(|saved| **saved).count();
            (!peers.is_empty()).then(|| DistributionStats { summary: summary.clone(), picked: peers.len(), saved })
        };
        Ok(held.iter().filter_map(reach).collect())
    }
}

impl Store {
    /// See [`Reader::reach`].
    ///
    /// # Errors
    /// As there.
    pub fn reach(&self) -> Result<Vec<DistributionStats>> {
        self.read(|r| r.reach())
    }
}
