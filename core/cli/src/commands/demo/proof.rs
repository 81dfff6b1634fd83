//! Computes a device's contents from its records, not from its stored summaries.

use std::collections::BTreeMap;

use fieldcast::{Dataset, Digest, Engine, RecordQuery};

use crate::error::{Error, Result};

/// Number of records per query.
const PAGE: u32 = 2_000;

/// Number and digest of the records of each dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents(BTreeMap<Dataset, (u64, Digest)>);

impl Contents {
    /// Reads every record and hashes it.
    pub(super) async fn read(engine: &Engine) -> Result<Self> {
        let mut all = BTreeMap::new();
        for status in engine.datasets().await? {
            let summary = status.summary;
            let (records, digest) = dataset(engine, &summary.dataset).await?;
            if (records, digest) != (summary.records, summary.digest) {
                return Err(Error::Unexpected(format!(
                    "the records of {} on {} do not match their summary: report this to the developers",
                    summary.dataset,
                    engine.name()
                )));
            }
            all.insert(summary.dataset, (records, digest));
        }
        Ok(Self(all))
    }

    pub(super) fn records(&self) -> u64 {
        self.0.values().map(|(records, _)| records).sum()
    }

    /// One digest over all datasets.
    pub(super) fn digest(&self) -> Digest {
        self.0.values().map(|(_, digest)| *digest).sum()
    }
}

async fn dataset(engine: &Engine, dataset: &Dataset) -> Result<(u64, Digest)> {
    let mut query =
        RecordQuery { dataset: Some(dataset.clone()), include_deleted: true, limit: PAGE, ..RecordQuery::default() };
    let mut digest = Digest::EMPTY;
    loop {
        let page = engine.records(query.clone()).await?;
        page.iter().for_each(|record| digest.insert(record.hash()));
        query.offset += page.len() as u64;
        if page.len() < PAGE as usize {
            return Ok((query.offset, digest));
        }
    }
}
