//! From staged chunks to records: one transaction a dataset, then the comparison that makes "saved" true.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use fieldcast_bundle::{ChunkHash, ChunkInfo, Manifest, Snapshot, decode_chunk};
use fieldcast_model::{FINE_BITS, KeyRange, Origin, RangeTotals, ServerTime, SnapshotSummary};
use fieldcast_net::fingerprint_of;
use fieldcast_store::{
    Applied, ApplyError, Arriving, Batch, Consent, Differing, MAX_AHEAD_MS, Store, Verdict, Verified,
};
use fieldcast_wire::{ChunkSet, ComparisonResult, EndReason, Held, Offer, SavedSnapshot};

use tokio_util::sync::CancellationToken;

use super::event::Sender;
use super::not_stored;
use super::stage::Expected;
use crate::Error;

/// Refuses an offer that claims to be from the future, `now` being the server's time as this device knows it. Without a
/// bound, one lie about the time would make a device believe it is ahead of everybody for ever.
pub(crate) fn check_time(offer: &Offer, now: ServerTime) -> Result<(), EndReason> {
    let latest = ServerTime(now.0.saturating_add(MAX_AHEAD_MS));
    match offer.snapshots.iter().map(|snapshot| snapshot.as_of).max().filter(|dated| *dated > latest) {
        Some(dated) => Err(EndReason::ClockDiffers { dated: dated.0, clock: now.0 }),
        None => Ok(()),
    }
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
    let held = |(offered, origin): (&SnapshotSummary, &Origin)| {
        let Some(ours) = store.summary(&offered.dataset)? else { return Ok(Held::NOTHING) };
        let is_later = ours.as_of > offered.as_of && ours.digest != offered.digest;
        let is_ahead = is_later && ours.records >= offered.records && is_trusted_as_much(store, &ours, origin)?;
        Ok(Held { as_of: ours.as_of, digest: ours.digest, records: ours.records, is_ahead })
    };
    offer.snapshots.iter().zip(&offer.origins).map(held).collect()
}

/// Whether what is here comes from devices that are trusted no less than the one that signed what is offered.
fn is_trusted_as_much(store: &Store, ours: &SnapshotSummary, offered: &Origin) -> Result<bool, Error> {
    if !store.trusts_peer(&fingerprint_of(&offered.key))? {
        return Ok(true);
    }
    let sources = store.read(|reader| reader.sources(&ours.dataset))?;
    let mut signers = sources.iter().filter_map(|source| source.bundle.as_ref()).map(|bundle| bundle.signer);
    signers.try_fold(true, |all, signer| {
        Ok(all && (signer == offered.key || store.trusts_peer(&fingerprint_of(&signer))?))
    })
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

/// Reads a manifest, refuses one that is not of the offer, finds out what is lacking after the `earlier` round, and refuses
/// what would leave less than `reserve` bytes of the storage free.
pub(crate) fn plan(
    store: &Store,
    incoming: &[u8; 32],
    manifest: &[u8],
    offer: &Offer,
    reserve: u64,
    earlier: &Round,
) -> Result<Plan, EndReason> {
    let manifest = Manifest::decode(manifest).map_err(|error| {
        tracing::warn!(%error, "manifest refused");
        EndReason::BadData
    })?;
    // The user has agreed to so many bytes.
    if manifest.total_bytes() > offer.bytes {
        tracing::warn!(offered = offer.bytes, named = manifest.total_bytes(), "more than was offered");
        return Err(EndReason::BadData);
    }
    let hashes: Vec<_> = manifest.chunks().map(|chunk| chunk.hash.0).collect();
    let staged = store.resume_incoming(incoming, &hashes).map_err(not_stored)?;
    let mut chunks = Vec::new();
    let (mut wanted, mut wanted_bytes, mut needed) = (ChunkSet::default(), 0, reserve);
    for snapshot in &manifest.snapshots {
        let place =
            offer.snapshots.iter().position(|offered| *offered == snapshot.summary).ok_or(EndReason::BadData)?;
        let ours = earlier.ranges(store, place, snapshot).map_err(not_stored)?;
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

/// Whether a range in the store is just what the chunk holds.
fn is_held(ours: &[RangeTotals], info: &ChunkInfo) -> bool {
    ours.iter().any(|totals| totals.range.index == info.range && totals.digest == info.digest)
}

/// What an earlier round has left to the next, by place in the offer.
#[derive(Debug, Default)]
pub(crate) struct Round {
    /// What is settled.
    settled: HashMap<usize, SavedSnapshot>,
    /// Changes that were not enough. Nothing of them is in the store; their chunks are staged still.
    changes: HashMap<usize, Changes>,
}

#[derive(Debug)]
struct Changes {
    chunks: Vec<ChunkInfo>,
    /// What the dataset is with them, by fine key range.
    ranges: Vec<RangeTotals>,
}

impl Round {
    /// What this device has of a snapshot, cut as the manifest cuts it: with changes of an earlier round if there were any.
    fn ranges(&self, store: &Store, place: usize, snapshot: &Snapshot) -> Result<Vec<RangeTotals>, Error> {
        match self.changes.get(&place) {
            Some(changes) => Ok(RangeTotals::coarser(changes.ranges.iter().copied(), snapshot.bits)),
            None => Ok(store.ranges(&snapshot.summary.dataset, snapshot.bits)?),
        }
    }

    /// The snapshots for which changes were not enough.
    fn differing(&self) -> Vec<u16> {
        let mut places: Vec<u16> = self.changes.keys().map(|place| *place as u16).collect();
        places.sort_unstable();
        places
    }
}

/// What came of applying.
pub(crate) enum Outcome {
    /// All is in; one entry for each offered snapshot.
    Saved(Vec<SavedSnapshot>),
    /// Changes were not enough for some.
    Differs {
        /// Which, by place in the offer.
        snapshots: Vec<u16>,
        /// For the next round.
        round: Round,
    },
}

/// The application of what was offered, in one round or, where changes are not enough, two.
pub(crate) struct Application {
    pub(crate) store: Store,
    pub(crate) incoming: [u8; 32],
    pub(crate) offer: Offer,
    pub(crate) manifest: Manifest,
    pub(crate) earlier: Arc<Round>,
    /// Who sends it.
    pub(crate) sender: Sender,
    /// The server's time now, as this device knows it.
    pub(crate) now: ServerTime,
    /// How many records it has taken in, for those who wait.
    pub(crate) applied: Arc<AtomicU64>,
    /// Cancelled when nobody waits for it any more: then what is not committed is rolled back.
    pub(crate) abandoned: CancellationToken,
}

impl Application {
    /// One transaction a dataset. After it each dataset's digest is the sender's, or this device was ahead, or it is
    /// among those that differ, which are as they were.
    pub(crate) fn run(self) -> Result<Outcome, EndReason> {
        let mut round = Round::default();
        for place in 0..self.offer.snapshots.len() {
            match self.earlier.settled.get(&place).cloned().map_or_else(|| self.apply(place), |saved| Ok(Ok(saved)))? {
                Ok(saved) => _ = round.settled.insert(place, saved),
                Err(changes) => _ = round.changes.insert(place, changes),
            }
        }
        if !round.changes.is_empty() {
            return Ok(Outcome::Differs { snapshots: round.differing(), round });
        }
        // The consent is spent, not gone: if the last word is lost, the same offer comes again and nobody should be asked
        // twice.
        self.store.finish_incoming(&self.incoming).map_err(not_stored)?;
        let saved = (0..self.offer.snapshots.len()).filter_map(|place| round.settled.remove(&place));
        Ok(Outcome::Saved(saved.collect()))
    }

    /// Applies what came of one snapshot; gives back changes that were not enough.
    fn apply(&self, place: usize) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        let (Some(summary), Some(origin)) = (self.offer.snapshots.get(place), self.offer.origins.get(place)) else {
            return Err(EndReason::BadData);
        };
        let snapshot = self.manifest.snapshots.iter().find(|snapshot| snapshot.summary == *summary);
        let is_whole = snapshot.is_some_and(|snapshot| snapshot.since.is_none());
        let Parts { chunks, held } = match self.parts(place, snapshot) {
            Err(Error::OfferOutdated) => return self.again(summary),
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
            origin,
            carrier: self.sender.fingerprint,
            carrier_name: &self.sender.name,
            is_trusted: self.store.trusts_peer(&fingerprint_of(&origin.key)).map_err(not_stored)?,
            now: self.now,
            held: is_whole.then_some(&held[..]),
        };
        let (merged, ours) = match self.store.apply(&arriving, &mut next) {
            Ok(Verdict::Applied(Applied { merged, summary })) => (merged, summary),
            Ok(Verdict::Differs(differing)) => return self.differs(place, summary, snapshot, differing),
            Err(ApplyError::NotAuthentic) => return self.blamed(place, summary, EndReason::NotAuthentic),
            // A chunk that was staged is damaged.
            Err(ApplyError::Source(Error::OfferOutdated)) => return self.again(summary),
            Err(error) => return Err(not_stored(error)),
        };
        // What this device has beyond the sender's is newer to the sender, too.
        let records = merged.kept_newer + ours.records.saturating_sub(summary.records);
        let conflicting = before.filter(|before| before.as_of > summary.as_of && before.records < summary.records);
        let comparison = match (ours.digest == summary.digest, conflicting) {
            (true, _) => ComparisonResult::Equal,
            (false, Some(before)) => ComparisonResult::Conflict { as_of: before.as_of, records },
            (false, None) if records > 0 => ComparisonResult::KeptNewer { records },
            (false, None) => return self.blamed(place, summary, EndReason::DigestDiffers),
        };
        Ok(Ok(SavedSnapshot { digest: ours.digest, comparison }))
    }

    /// What nothing whole has come of, and whose digest is not the one that was offered.
    fn differs(
        &self,
        place: usize,
        summary: &SnapshotSummary,
        snapshot: Option<&Snapshot>,
        Differing { summary: ours, ranges }: Differing,
    ) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        match snapshot {
            Some(snapshot) => match self.repaired(summary)? {
                true => self.apply(place),
                false => Ok(Err(Changes { chunks: snapshot.chunks.clone(), ranges })),
            },
            None if ours.as_of > summary.as_of => {
                Ok(Ok(SavedSnapshot { digest: ours.digest, comparison: ComparisonResult::Ahead { as_of: ours.as_of } }))
            }
            None if ours.digest == summary.digest => self.blamed(place, summary, EndReason::NotAuthentic),
            None => self.blamed(place, summary, EndReason::DigestDiffers),
        }
    }

    /// Nobody else is accused before it is certain that nothing is damaged here. What was damaged is tried or asked for again.
    fn blamed(
        &self,
        place: usize,
        summary: &SnapshotSummary,
        reason: EndReason,
    ) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        if !self.repaired(summary)? {
            return Err(reason);
        }
        // Of what is not in the manifest nothing can have changed but by the repair.
        let is_sent = self.manifest.snapshots.iter().any(|snapshot| snapshot.summary == *summary);
        if is_sent { self.apply(place) } else { self.again(summary) }
    }

    /// Whether something of a dataset was damaged here; it is repaired then, or dropped.
    fn repaired(&self, summary: &SnapshotSummary) -> Result<bool, EndReason> {
        let Verified { repaired, dropped, .. } = self.store.verify_dataset(&summary.dataset).map_err(not_stored)?;
        Ok(repaired + dropped > 0)
    }

    /// Asks for whatever of a snapshot is not here.
    fn again(&self, summary: &SnapshotSummary) -> Result<Result<SavedSnapshot, Changes>, EndReason> {
        let ranges = self.store.ranges(&summary.dataset, FINE_BITS).map_err(not_stored)?;
        Ok(Err(Changes { chunks: Vec::new(), ranges }))
    }

    /// What is to be applied of a snapshot, and what is in the store already.
    fn parts(&self, place: usize, snapshot: Option<&Snapshot>) -> Result<Parts, Error> {
        let Some(snapshot) = snapshot else { return Ok(Parts::default()) };
        let staged = self.store.read(|reader| reader.staged(&self.incoming))?;
        let ours = self.earlier.ranges(&self.store, place, snapshot)?;
        let earlier = self.earlier.changes.get(&place).map(|changes| &changes.chunks[..]).unwrap_or_default();
        let mut parts = Parts { chunks: earlier.iter().map(|info| (info.hash, false)).collect(), held: Vec::new() };
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
struct Parts {
    /// Staged chunks in the order to apply them, and whether each is all there is in its range.
    chunks: Vec<(ChunkHash, bool)>,
    /// The ranges this device has already.
    held: Vec<KeyRange>,
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
        let now = 1_000_000;
        let limit = now + 24 * 3_600_000;
        let refused = |dated| Err(EndReason::ClockDiffers { dated, clock: now });
        assert_eq!(check_time(&offer(limit), ServerTime(now)), Ok(()));
        assert_eq!(check_time(&offer(limit + 1), ServerTime(now)), refused(limit + 1));
        assert_eq!(check_time(&offer(i64::MAX), ServerTime(now)), refused(i64::MAX));
    }
}
