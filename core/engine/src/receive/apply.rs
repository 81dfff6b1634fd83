//! From staged chunks to records: one transaction a dataset, then the comparison that makes "saved" true.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fieldcast_bundle::{ChunkInfo, Manifest, decode_chunk};
use fieldcast_model::{RangeTotals, Record, ServerTime, SnapshotSummary};
use fieldcast_store::{Consent, Incoming, Store};
use fieldcast_wire::{ChunkSet, Held, Offer, Reason, SavedSnapshot, Standing};

use tokio_util::sync::CancellationToken;

use super::not_stored;
use super::stage::Expected;
use crate::Error;

/// How far ahead of this device's clock a snapshot may claim to be; phones are often days off. Without a bound, one lie
/// about the time would make a device believe it is ahead of everybody for ever.
const FUTURE: Duration = Duration::from_secs(30 * 24 * 3600);

/// Refuses an offer that claims to be from the future.
pub(crate) fn check_time(offer: &Offer, now: SystemTime) -> Result<(), Reason> {
    let latest = (now + FUTURE).duration_since(UNIX_EPOCH).unwrap_or_default();
    let latest = ServerTime(i64::try_from(latest.as_millis()).unwrap_or(i64::MAX));
    if offer.snapshots.iter().any(|snapshot| snapshot.as_of > latest) { Err(Reason::BadData) } else { Ok(()) }
}

/// Whether a person has said yes to this very offer: to one that broke off, or to one that was saved and has nothing new,
/// so that a lost last word brings no second question.
pub(crate) fn needs_no_question(store: &Store, incoming: &[u8; 32], offer: &Offer) -> Result<bool, Error> {
    Ok(match store.consent(incoming)? {
        Consent::None => false,
        Consent::Given => true,
        Consent::Spent => {
            let held = held(store, offer)?;
            offer.snapshots.iter().zip(held).all(|(offered, held)| offered.digest == held.digest)
        }
    })
}

/// What the receiver holds of each offered snapshot.
pub(crate) fn held(store: &Store, offer: &Offer) -> Result<Vec<Held>, Error> {
    let held = |offered: &SnapshotSummary| {
        let ours = store.summary(&offered.dataset)?;
        Ok(ours.map_or(Held { as_of: Default::default(), digest: fieldcast_model::Digest::EMPTY }, |ours| Held {
            as_of: ours.as_of,
            digest: ours.digest,
        }))
    };
    offer.snapshots.iter().map(held).collect()
}

/// A manifest that was checked against the offer, with what of it is to come.
pub(crate) struct Plan {
    pub(crate) manifest: Manifest,
    /// Every chunk, in the order the manifest names them.
    pub(crate) chunks: Vec<Expected>,
    /// Those that are neither staged nor, judging by the digest of their range, in the store already.
    pub(crate) wanted: ChunkSet,
    pub(crate) wanted_bytes: u64,
}

/// How often a record's JSON is on disk for a moment while it is applied: in its row and in the write-ahead log.
const APPLIED_COPIES: u64 = 2;

/// Reads a manifest, refuses one that is not of the offer, finds out what is lacking, and refuses what would leave less
/// than `reserve` bytes of the storage free.
pub(crate) fn plan(store: &Store, accepted: &Incoming, offer: &Offer, reserve: u64) -> Result<Plan, Reason> {
    let manifest = Manifest::decode(&accepted.manifest).map_err(|error| {
        tracing::warn!(%error, "manifest refused");
        Reason::BadData
    })?;
    if !manifest.snapshots.iter().all(|snapshot| offer.snapshots.contains(&snapshot.summary)) {
        return Err(Reason::BadData);
    }
    let hashes: Vec<_> = manifest.chunks().map(|chunk| chunk.hash.0).collect();
    let staged = store.begin_incoming(accepted, &hashes).map_err(not_stored)?;
    let mut chunks = Vec::new();
    let (mut wanted, mut wanted_bytes, mut needed) = (ChunkSet::default(), 0, reserve);
    for snapshot in &manifest.snapshots {
        let ours = store.ranges(&snapshot.summary.dataset, snapshot.bits).map_err(not_stored)?;
        for info in &snapshot.chunks {
            let is_held = is_held(&ours, info);
            if !is_held {
                needed += APPLIED_COPIES * info.json_bytes;
            }
            if !is_held && !staged.contains(&info.hash.0) {
                wanted.insert(chunks.len() as u32);
                wanted_bytes += u64::from(info.bytes);
            }
            chunks.push(Expected { info: info.clone(), bits: snapshot.bits });
        }
    }
    let free = store.free_space().map_err(not_stored)?;
    needed += wanted_bytes;
    if wanted_bytes > 0 && needed > free {
        return Err(Reason::NoSpace { needed, free });
    }
    Ok(Plan { manifest, chunks, wanted, wanted_bytes })
}

/// Whether a range in the store is just what the chunk holds.
fn is_held(ours: &[RangeTotals], info: &ChunkInfo) -> bool {
    ours.iter().any(|totals| totals.range.index == info.range && totals.digest == info.digest)
}

/// What came of applying.
pub(crate) enum Outcome {
    /// All is in; one entry for each offered snapshot.
    Saved(Vec<SavedSnapshot>),
    /// Changes were not enough for some.
    Differs {
        /// Which, by place in the offer.
        snapshots: Vec<u16>,
        /// What is settled of the others, likewise.
        settled: Vec<Option<SavedSnapshot>>,
    },
}

/// The application of what was offered, in one round or, where changes are not enough, two.
pub(crate) struct Application {
    pub(crate) store: Store,
    pub(crate) incoming: [u8; 32],
    pub(crate) offer: Offer,
    pub(crate) manifest: Manifest,
    /// What an earlier round has settled, by place in the offer.
    pub(crate) settled: Vec<Option<SavedSnapshot>>,
    /// Cancelled when nobody waits for it any more: then what is not committed is rolled back.
    pub(crate) abandoned: CancellationToken,
}

impl Application {
    /// One transaction a dataset. After it each dataset's digest is the sender's, or this device was ahead, or it is
    /// among those that differ.
    pub(crate) fn run(mut self) -> Result<Outcome, Reason> {
        self.settled.resize(self.offer.snapshots.len(), None);
        for index in 0..self.offer.snapshots.len() {
            if self.settled[index].is_none() {
                self.settled[index] = self.apply(index)?;
            }
        }
        let differing = self.settled.iter().zip(0..).filter(|(settled, _)| settled.is_none());
        let snapshots: Vec<u16> = differing.map(|(_, index)| index).collect();
        if !snapshots.is_empty() {
            return Ok(Outcome::Differs { snapshots, settled: self.settled });
        }
        // The consent is spent, not gone: if the last word is lost, the same offer comes again and nobody should be asked
        // twice.
        self.store.finish_incoming(&self.incoming).map_err(not_stored)?;
        Ok(Outcome::Saved(self.settled.into_iter().flatten().collect()))
    }

    /// Applies what came of one snapshot; `None` if changes came and were not enough.
    fn apply(&self, index: usize) -> Result<Option<SavedSnapshot>, Reason> {
        let (Some(summary), Some(origin)) = (self.offer.snapshots.get(index), self.offer.origins.get(index)) else {
            return Err(Reason::BadData);
        };
        let snapshot = self.manifest.snapshots.iter().find(|snapshot| snapshot.summary == *summary);
        let mut chunks = snapshot.map(|snapshot| snapshot.chunks.iter()).unwrap_or_default();
        let bits = snapshot.map_or(0, |snapshot| snapshot.bits);
        let held = self.store.ranges(&summary.dataset, bits).map_err(not_stored)?;
        let mut next = || -> Result<Option<Vec<Record>>, Error> {
            for info in chunks.by_ref() {
                if self.abandoned.is_cancelled() {
                    return Err(Error::Task("cancelled".to_owned()));
                }
                if let Some(bytes) = self.store.staged_chunk(&info.hash.0)? {
                    return Ok(Some(decode_chunk(&bytes)?));
                }
                // Not staged, so its range must be in the store already.
                if !is_held(&held, info) {
                    return Err(Error::OfferOutdated);
                }
            }
            Ok(None)
        };
        let is_whole = snapshot.is_some_and(|snapshot| snapshot.since.is_none());
        let applied =
            if is_whole { self.store.apply(summary, &mut next) } else { self.store.apply_changes(summary, &mut next) };
        let applied = applied.map_err(not_stored)?;
        let ours = applied.summary;
        // What this device has beyond the sender's is newer to the sender, too.
        let records = applied.merged.kept_newer + ours.records.saturating_sub(summary.records);
        let standing = match snapshot {
            _ if ours.digest == summary.digest => Standing::Equal,
            Some(_) if is_whole && records > 0 => Standing::KeptNewer { records },
            Some(_) if !is_whole => return Ok(None),
            None if ours.as_of > summary.as_of => Standing::Ahead { as_of: ours.as_of },
            _ => return Err(Reason::DigestDiffers),
        };
        if standing == Standing::Equal {
            self.store.keep_origin(summary, origin).map_err(not_stored)?;
        }
        Ok(Some(SavedSnapshot { digest: ours.digest, standing }))
    }
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, Digest};

    use super::*;

    #[test]
    fn an_offer_from_the_future_is_refused() {
        let offer = |as_of| {
            let dataset = Dataset { tenant: "mz".into(), project: "p".into(), boundary: None };
            let (project_name, boundary_name) = (String::new(), String::new());
            let (records, households, json_bytes, digest) = (0, 0, 0, Digest::EMPTY);
            let as_of = ServerTime(as_of);
            let summary = SnapshotSummary {
                dataset,
                project_name,
                boundary_name,
                as_of,
                records,
                households,
                json_bytes,
                digest,
            };
            Offer { snapshots: vec![summary], ..Offer::default() }
        };
        let now = UNIX_EPOCH + Duration::from_secs(1000);
        let limit = 1_000_000 + 30 * 24 * 3_600_000;
        assert_eq!(check_time(&offer(limit), now), Ok(()));
        assert_eq!(check_time(&offer(limit + 1), now), Err(Reason::BadData));
        assert_eq!(check_time(&offer(i64::MAX), now), Err(Reason::BadData));
    }
}
