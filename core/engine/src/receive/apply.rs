//! Applies staged chunks to the records: one transaction per dataset, then a comparison of digests before "saved" is
//! reported.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fieldcast_bundle::{ChunkHash, ChunkInfo, Manifest, Snapshot, decode_chunk};
use fieldcast_model::{FINE_BITS, KeyRange, Provenance, RangeTotals, ServerTime, SnapshotSummary};
use fieldcast_net::fingerprint_of;
use fieldcast_store::{
    AppliedSnapshot, ApplyError, Arriving, Batch, Consent, Differing, MAX_AHEAD_MS, Store, Verdict, Verified,
};
use fieldcast_wire::{ChunkSet, ComparisonResult, EndReason, Held, Offer, SavedSnapshot};

use tokio_util::sync::CancellationToken;

use super::event::Sender;
use super::staging::Expected;
use crate::Error;
use crate::error::not_stored;

/// Refuses an offer that is dated too far in the future. `now` is the server's time as this device knows it. Without
/// this limit, a device that once accepted a false time would permanently believe that it is ahead of all others.
pub(crate) fn check_time(offer: &Offer, now: ServerTime) -> Result<(), EndReason> {
    let latest = ServerTime(now.0.saturating_add(MAX_AHEAD_MS));
    match offer.snapshots.iter().map(|snapshot| snapshot.as_of).max().filter(|dated| *dated > latest) {
        Some(dated) => Err(EndReason::ClockDiffers { dated: dated.0, clock: now.0 }),
        None => Ok(()),
    }
}

/// Whether the user has already accepted exactly this offer: it was interrupted, or it was saved and brings nothing
/// new. So a lost last message does not cause a second question.
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

/// The versions of the offered snapshots that the receiver holds.
pub(crate) fn held(store: &Store, offer: &Offer) -> Result<Vec<Held>, Error> {
    let held = |(offered, provenance): (&SnapshotSummary, &Provenance)| {
        let Some(ours) = store.summary(&offered.dataset)? else { return Ok(Held::NOTHING) };
        let is_later = ours.as_of > offered.as_of && ours.digest != offered.digest;
        let is_ahead = is_later && ours.records >= offered.records && is_trusted_as_much(store, &ours, provenance)?;
        Ok(Held { as_of: ours.as_of, digest: ours.digest, records: ours.records, is_ahead })
    };
    offer.snapshots.iter().zip(&offer.provenance).map(held).collect()
}

/// Whether the held data comes from devices that are trusted no less than the signer of the offered data.
fn is_trusted_as_much(store: &Store, ours: &SnapshotSummary, offered: &Provenance) -> Result<bool, Error> {
    if !store.trusts_peer(&fingerprint_of(&offered.key))? {
        return Ok(true);
    }
    let sources = store.read(|reader| reader.sources(&ours.dataset))?;
    let mut signers = sources.iter().filter_map(|source| source.bundle.as_ref()).map(|bundle| bundle.signer);
    signers.try_fold(true, |all, signer| {
        Ok(all && (signer == offered.key || store.trusts_peer(&fingerprint_of(&signer))?))
    })
}

/// A manifest that was checked against the offer, with the chunks that are still needed.
pub(crate) struct Plan {
    pub(crate) manifest: Manifest,
    /// All chunks, in the order of the manifest.
    pub(crate) chunks: Vec<Expected>,
    /// Chunks that are neither staged nor in the store already, according to the digest of their range.
    pub(crate) wanted: ChunkSet,
    pub(crate) wanted_bytes: u64,
}

/// The number of copies of a record's JSON that are on the disk while it is applied: in its row and in the write-ahead
/// log.
const APPLIED_COPIES: u64 = 2;

/// Decodes a manifest and determines which chunks are still needed after the `earlier` round. Refuses a manifest that
/// does not match the offer, and data that would leave less than `reserve` bytes of free space.
pub(crate) fn plan(
    store: &Store,
    incoming: &[u8; 32],
    manifest: &[u8],
    offer: &Offer,
    reserve: u64,
    earlier: &Round,
) -> Result<Plan, EndReason> {
    let manifest = Manifest::decode(manifest).map_err(|error| {
        tracing::warn!(%error, "the manifest was refused");
        EndReason::BadData
    })?;
    // The user has accepted this number of bytes.
    if manifest.total_bytes() > offer.bytes {
        tracing::warn!(
            offered = offer.bytes,
            named = manifest.total_bytes(),
            "the manifest names more bytes than were offered"
        );
        return Err(EndReason::BadData);
    }
    let hashes: Vec<_> = manifest.chunks().map(|chunk| chunk.hash.0).collect();
    let staged = store.resume_incoming(incoming, &hashes).map_err(not_stored)?;
    let mut chunks = Vec::new();
    let (mut wanted, mut wanted_bytes, mut needed) = (ChunkSet::default(), 0, reserve);
    for snapshot in &manifest.snapshots {
        let index =
            offer.snapshots.iter().position(|offered| *offered == snapshot.summary).ok_or(EndReason::BadData)?;
        let ours = earlier.ranges(store, index, snapshot).map_err(not_stored)?;
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
        return Err(EndReason::NoSpace { needed, free });
    }
    Ok(Plan { manifest, chunks, wanted, wanted_bytes })
}

/// Whether the store already has exactly the records of the chunk in its range.
fn is_held(ours: &[RangeTotals], info: &ChunkInfo) -> bool {
    ours.iter().any(|totals| totals.range.index == info.range && totals.digest == info.digest)
}

/// The state that an earlier round leaves for the next, by index in the offer.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// Snapshots that are settled.
    settled: HashMap<usize, SavedSnapshot>,
    /// Changes that were not enough. They are not in the store, but their chunks are still staged.
    changes: HashMap<usize, Changes>,
}

#[derive(Debug)]
struct Changes {
    chunks: Vec<ChunkInfo>,
    /// The dataset with these changes, by fine key range.
    ranges: Vec<RangeTotals>,
}

impl Round {
    /// The ranges of a snapshot on this device, with the bits of the manifest, including the changes of an earlier
    /// round.
    fn ranges(&self, store: &Store, index: usize, snapshot: &Snapshot) -> Result<Vec<RangeTotals>, Error> {
        match self.changes.get(&index) {
            Some(changes) => Ok(RangeTotals::coarser(changes.ranges.iter().copied(), snapshot.bits)),
            None => Ok(store.ranges(&snapshot.summary.dataset, snapshot.bits)?),
        }
    }

    /// The snapshots for which changes were not enough.
    fn differing(&self) -> Vec<u16> {
        let mut indexes: Vec<u16> = self.changes.keys().map(|index| *index as u16).collect();
        indexes.sort_unstable();
        indexes
    }
}

/// The result of applying.
pub(crate) enum ApplyOutcome {
    /// Everything is saved; one entry for each offered snapshot.
    Saved(Vec<SavedSnapshot>),
    /// The changes of some snapshots were not enough.
    Differs {
        /// Their indexes in the offer.
        snapshots: Vec<u16>,
        /// The state for the next round.
        round: Round,
    },
}

/// Applies an offer, in one round or, if changes are not enough, in two.
pub(crate) struct Application {
    pub(crate) store: Store,
    pub(crate) incoming: [u8; 32],
    pub(crate) offer: Offer,
    pub(crate) manifest: Manifest,
    pub(crate) earlier: Arc<Round>,
    /// The sender.
    pub(crate) sender: Sender,
    /// The server's current time as this device knows it.
    pub(crate) now: ServerTime,
    /// The number of applied records, for progress reports.
    pub(crate) applied: Arc<AtomicU64>,
    /// Cancelled when the result is no longer needed. Uncommitted changes are then rolled back.
    pub(crate) abandoned: CancellationToken,
}

impl Application {
    /// Applies each dataset in one transaction. Afterwards each dataset has the sender's digest, or this device is
    /// ahead, or the dataset differs and is unchanged.
    pub(crate) fn run(self) -> Result<ApplyOutcome, EndReason> {
        let mut round = Round::default();
        for index in 0..self.offer.snapshots.len() {
            match self.earlier.settled.get(&index).cloned().map_or_else(|| self.apply(index), |saved| Ok(Ok(saved)))? {
                Ok(saved) => _ = round.settled.insert(index, saved),
                Err(changes) => _ = round.changes.insert(index, changes),
            }
        }
        if !round.changes.is_empty() {
            return Ok(ApplyOutcome::Differs { snapshots: round.differing(), round });
        }
        // Keep the consent, marked as spent: if the last message is lost and the same offer comes again, the user is
        // not asked again.
        self.store.finish_incoming(&self.incoming).map_err(not_stored)?;
        let saved = (0..self.offer.snapshots.len()).filter_map(|index| round.settled.remove(&index));
        Ok(ApplyOutcome::Saved(saved.collect()))
    }

    /// Applies the chunks of one snapshot. Returns the changes if they were not enough.
    fn apply(&self, index: usize) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        let (Some(summary), Some(provenance)) = (self.offer.snapshots.get(index), self.offer.provenance.get(index))
        else {
            return Err(EndReason::BadData);
        };
        let snapshot = self.manifest.snapshots.iter().find(|snapshot| snapshot.summary == *summary);
        let is_whole = snapshot.is_some_and(|snapshot| snapshot.since.is_none());
        let AppliedParts { chunks, held } = match self.parts(index, snapshot) {
            Err(Error::OfferOutdated) => return self.request_again(summary),
            parts => parts.map_err(not_stored)?,
        };
        let mut chunks = chunks.into_iter();
        let mut next = || -> Result<Option<Batch>, Error> {
            let Some((hash, is_range)) = chunks.next() else { return Ok(None) };
            if self.abandoned.is_cancelled() {
                return Err(Error::Task("cancelled".to_owned()));
            }
            let bytes = self.store.staged_chunk(&hash.0)?.ok_or(Error::OfferOutdated)?;
            let records = decode_chunk(&bytes)?;
            self.applied.fetch_add(records.len() as u64, Ordering::Relaxed);
            Ok(Some(Batch { records, is_range }))
        };
        let before = self.store.summary(&summary.dataset).map_err(not_stored)?;
        let arriving = Arriving {
            snapshot: summary,
            provenance,
            carrier: self.sender.fingerprint,
            carrier_name: &self.sender.name,
            is_trusted: self.store.trusts_peer(&fingerprint_of(&provenance.key)).map_err(not_stored)?,
            now: self.now,
            held: is_whole.then_some(&held[..]),
        };
        let (merged, ours) = match self.store.apply(&arriving, &mut next) {
            Ok(Verdict::Applied(AppliedSnapshot { merged, summary })) => (merged, summary),
            Ok(Verdict::Differs(differing)) => return self.differs(index, summary, snapshot, differing),
            Err(ApplyError::NotAuthentic) => return self.fail_if_undamaged(index, summary, EndReason::NotAuthentic),
            // A staged chunk is damaged.
            Err(ApplyError::Source(Error::OfferOutdated)) => return self.request_again(summary),
            Err(error) => return Err(not_stored(error)),
        };
        // Records that only this device has are also newer than the sender's version.
        let records = merged.kept_newer + ours.records.saturating_sub(summary.records);
        let conflicting = before.filter(|before| before.as_of > summary.as_of && before.records < summary.records);
        let comparison = match (ours.digest == summary.digest, conflicting) {
            (true, _) => ComparisonResult::Equal,
            (false, Some(before)) => ComparisonResult::Conflict { as_of: before.as_of, records },
            (false, None) if records > 0 => ComparisonResult::KeptNewer { records },
            (false, None) => return self.fail_if_undamaged(index, summary, EndReason::DigestDiffers),
        };
        Ok(Ok(SavedSnapshot { digest: ours.digest, comparison }))
    }

    /// Handles a snapshot that could not be applied and whose digest differs from the offered one.
    fn differs(
        &self,
        index: usize,
        summary: &SnapshotSummary,
        snapshot: Option<&Snapshot>,
        Differing { summary: ours, ranges }: Differing,
    ) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        match snapshot {
            Some(snapshot) => match self.repaired(summary)? {
                true => self.apply(index),
                false => Ok(Err(Changes { chunks: snapshot.chunks.clone(), ranges })),
            },
            None if ours.as_of > summary.as_of => {
                Ok(Ok(SavedSnapshot { digest: ours.digest, comparison: ComparisonResult::Ahead { as_of: ours.as_of } }))
            }
            None if ours.digest == summary.digest => self.fail_if_undamaged(index, summary, EndReason::NotAuthentic),
            None => self.fail_if_undamaged(index, summary, EndReason::DigestDiffers),
        }
    }

    /// Before it reports an error of the peer, checks this device's own data for damage. After a repair it applies the
    /// snapshot again or requests it again.
    fn fail_if_undamaged(
        &self,
        index: usize,
        summary: &SnapshotSummary,
        reason: EndReason,
    ) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        if !self.repaired(summary)? {
            return Err(reason);
        }
        // Without chunks in the manifest, only the repair can have changed the dataset.
        let is_sent = self.manifest.snapshots.iter().any(|snapshot| snapshot.summary == *summary);
        if is_sent { self.apply(index) } else { self.request_again(summary) }
    }

    /// Whether records of the dataset were damaged on this device. Damaged records are repaired or removed.
    fn repaired(&self, summary: &SnapshotSummary) -> Result<bool, EndReason> {
        let Verified { repaired, dropped, .. } = self.store.verify_dataset(&summary.dataset).map_err(not_stored)?;
        Ok(repaired + dropped > 0)
    }

    /// Requests all of a snapshot that this device does not have.
    fn request_again(&self, summary: &SnapshotSummary) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        let ranges = self.store.ranges(&summary.dataset, FINE_BITS).map_err(not_stored)?;
        Ok(Err(Changes { chunks: Vec::new(), ranges }))
    }

    /// The chunks of a snapshot to apply, and the ranges that are in the store already.
    fn parts(&self, index: usize, snapshot: Option<&Snapshot>) -> Result<AppliedParts, Error> {
        let Some(snapshot) = snapshot else { return Ok(AppliedParts::default()) };
        let staged = self.store.read(|reader| reader.staged(&self.incoming))?;
        let ours = self.earlier.ranges(&self.store, index, snapshot)?;
        let earlier = self.earlier.changes.get(&index).map(|changes| &changes.chunks[..]).unwrap_or_default();
        let mut parts =
            AppliedParts { chunks: earlier.iter().map(|info| (info.hash, false)).collect(), held: Vec::new() };
        for info in &snapshot.chunks {
            if staged.contains(&info.hash.0) {
                parts.chunks.push((info.hash, snapshot.since.is_none()));
            } else if is_held(&ours, info) {
                parts.held.push(KeyRange { bits: snapshot.bits, index: info.range });
            } else {
                return Err(Error::OfferOutdated);
            }
        }
        Ok(parts)
    }
}

#[derive(Default)]
struct AppliedParts {
    /// Staged chunks in the order of applying, and whether each contains all records of its range.
    chunks: Vec<(ChunkHash, bool)>,
    /// The ranges that this device already has.
    held: Vec<KeyRange>,
}

#[cfg(test)]
mod tests {
    use fieldcast_model::{Dataset, Digest};

    use super::*;

    #[test]
    fn refuses_offer_from_the_future() {
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
        let now = 1_000_000;
        let limit = now + 24 * 3_600_000;
        let refused = |dated| Err(EndReason::ClockDiffers { dated, clock: now });
        assert_eq!(check_time(&offer(limit), ServerTime(now)), Ok(()));
        assert_eq!(check_time(&offer(limit + 1), ServerTime(now)), refused(limit + 1));
        assert_eq!(check_time(&offer(i64::MAX), ServerTime(now)), refused(i64::MAX));
    }
}
