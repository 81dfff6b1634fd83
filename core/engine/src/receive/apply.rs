//! From staged chunks to records: one transaction a dataset, then the comparison that makes "saved" true.

use fieldcast_bundle::{Manifest, decode_chunk};
use fieldcast_model::{Record, SnapshotSummary};
use fieldcast_store::{Incoming, Store};
use fieldcast_wire::{Applied, ChunkSet, Held, Offer, Reason, SavedSnapshot, Standing};

use super::stage::Expected;
use crate::Error;

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

/// Reads a manifest, refuses one that is not of the offer, and finds out what is lacking.
pub(crate) fn plan(store: &Store, accepted: &Incoming, offer: &Offer) -> Result<Plan, Reason> {
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
    let (mut wanted, mut wanted_bytes) = (ChunkSet::default(), 0);
    for snapshot in &manifest.snapshots {
        let ours = store.ranges(&snapshot.summary.dataset, snapshot.bits).map_err(not_stored)?;
        for info in &snapshot.chunks {
            let is_held = ours.iter().any(|totals| totals.range.index == info.range && totals.digest == info.digest);
            if !is_held && !staged.contains(&info.hash.0) {
                wanted.insert(chunks.len() as u32);
                wanted_bytes += u64::from(info.bytes);
            }
            chunks.push(Expected { info: info.clone(), bits: snapshot.bits });
        }
    }
    Ok(Plan { manifest, chunks, wanted, wanted_bytes })
}

/// Applies everything that was offered; after it each dataset's digest is the sender's, or the receiver was ahead.
pub(crate) fn apply(store: &Store, incoming: &[u8; 32], offer: &Offer, manifest: &Manifest) -> Result<Applied, Reason> {
    let mut saved = Vec::new();
    for summary in &offer.snapshots {
        let snapshot = manifest.snapshots.iter().find(|snapshot| snapshot.summary == *summary);
        let mut chunks = snapshot.map(|snapshot| snapshot.chunks.iter()).unwrap_or_default();
        let mut next = || -> Result<Option<Vec<Record>>, Error> {
            for info in chunks.by_ref() {
                // A chunk that was not staged is one whose range is in the store already.
                if let Some(bytes) = store.staged_chunk(&info.hash.0)? {
                    return Ok(Some(decode_chunk(&bytes)?));
                }
            }
            Ok(None)
        };
        let applied = store.apply(summary, &mut next).map_err(not_stored)?;
        let ours = applied.summary;
        // What this device has beyond the sender's is newer to the sender, too.
        let records = applied.merged.kept_newer + ours.records.saturating_sub(summary.records);
        let standing = match (ours.digest == summary.digest, snapshot) {
            (true, _) => Standing::Equal,
            (false, Some(_)) if records > 0 => Standing::KeptNewer { records },
            (false, None) if ours.as_of > summary.as_of => Standing::Ahead { as_of: ours.as_of },
            _ => return Err(Reason::DigestDiffers),
        };
        saved.push(SavedSnapshot { digest: ours.digest, standing });
    }
    store.discard_incoming(incoming).map_err(not_stored)?;
    Ok(Applied::Saved(saved))
}

fn not_stored(error: impl std::fmt::Display) -> Reason {
    Reason::NotStored(error.to_string())
}
