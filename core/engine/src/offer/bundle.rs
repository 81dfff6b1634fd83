//! The data that a distributor offers: the chosen snapshots, encoded once, and for each receiver the part that it
//! lacks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use fieldcast_bundle::{ChunkHash, ChunkInfo, Manifest, Snapshot, encode_chunk, range_bits};
use fieldcast_model::{
    Dataset, KeyRange, Provenance, Record, ServerTime, Signature, SnapshotHash, SnapshotSource, SnapshotSummary,
};
use fieldcast_store::{Error as StoreError, Reader, Store};
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Held, MAX_SNAPSHOTS, Message, Offer};

use crate::Error;
use crate::task::locked;
use crate::trust::provenance::Signer;

/// Chunks that stay in memory for receivers with similar progress: read once, sent many times.
const RECENT_CHUNKS: usize = 8;

/// The maximum number of different base versions for which changes are encoded. Further receivers get complete
/// snapshots.
const MAX_CHANGES: usize = 256;

/// The changes since one version. The outer `None`: not encoded yet. The inner `None`: send the complete snapshot
/// instead.
type EncodedChanges = Arc<Mutex<Option<Option<Snapshot>>>>;

/// The chosen snapshots. All chunks are encoded and in the store's cache.
pub(crate) struct Bundle {
    store: Store,
    snapshots: Vec<Snapshot>,
    /// The provenance of each snapshot.
    provenance: Vec<Provenance>,
    /// Changes, by snapshot and base version.
    changes: Mutex<HashMap<(usize, ServerTime), EncodedChanges>>,
    recent: Mutex<VecDeque<(ChunkHash, Arc<Vec<u8>>)>>,
}

impl Bundle {
    /// Encodes the chunks that are not in the cache yet. Blocks; takes seconds for the first time of a large dataset.
    pub(crate) fn prepare(store: Store, datasets: &[Dataset], signer: Signer<'_>) -> Result<Self, Error> {
        if datasets.is_empty() {
            return Err(Error::NothingToSend);
        }
        verify_size(&store, datasets, signer)?;
        let (snapshots, provenance) =
            datasets.iter().map(|dataset| undamaged_snapshot(&store, dataset, signer)).collect::<Result<_, _>>()?;
        Ok(Self { store, snapshots, provenance, changes: Mutex::default(), recent: Mutex::default() })
    }

    /// The store from which chunks are read.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// The offer of all snapshots.
    pub(crate) fn offer(&self) -> Offer {
        self.part(|_| true).1
    }

    /// The part of the bundle that may be offered, as indexes into this bundle and as an offer.
    pub(crate) fn part(&self, may: impl Fn(&Dataset) -> bool) -> (Vec<usize>, Offer) {
        let (mut indexes, mut offer) = (Vec::new(), Offer::default());
        for (index, (snapshot, provenance)) in self.snapshots.iter().zip(&self.provenance).enumerate() {
            if may(&snapshot.summary.dataset) {
                indexes.push(index);
                offer.snapshots.push(snapshot.summary.clone());
                offer.provenance.push(provenance.clone());
                offer.bytes += snapshot.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
            }
        }
        (indexes, offer)
    }

    /// The manifest for a receiver that was offered the snapshots with these indexes and holds this version of each.
    /// For a snapshot whose digest differs it has the changes since the held version if they are less than half, else
    /// everything. It has nothing for a snapshot of which the receiver is ahead. Blocks.
    pub(crate) fn manifest_for(&self, offered: &[usize], held: &[Held]) -> Result<Manifest, Error> {
        let mut lacking = Vec::new();
        for (&index, held) in offered.iter().zip(held) {
            let Some(snapshot) = self.snapshots.get(index) else { continue };
            let ours = &snapshot.summary;
            if ours.digest == held.digest || held.is_ahead {
                continue;
            }
            // There are no changes since a version that is later, or claims to be later.
            let changes = if held.as_of <= ours.as_of { self.changes(index, held.as_of)? } else { None };
            lacking.push(changes.unwrap_or_else(|| snapshot.clone()));
        }
        Ok(Manifest::new(lacking))
    }

    /// The manifest of all snapshots.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::new(self.snapshots.clone())
    }

    /// The manifest of complete snapshots, for these indexes into the offered ones.
    pub(crate) fn whole(&self, offered: &[usize], indexes: &[u16]) -> Manifest {
        let positions = indexes.iter().filter_map(|index| offered.get(usize::from(*index)));
        Manifest::new(positions.filter_map(|position| self.snapshots.get(*position).cloned()).collect())
    }

    /// The changes of a snapshot since an earlier version; `None` if there are none, or if they are half or more of it.
    /// Encoded once for all receivers with that version.
    fn changes(&self, index: usize, since: ServerTime) -> Result<Option<Snapshot>, Error> {
        let Some(snapshot) = self.snapshots.get(index).filter(|_| since > ServerTime(0)) else { return Ok(None) };
        let slot = {
            let mut changes = locked(&self.changes);
            if changes.len() >= MAX_CHANGES && !changes.contains_key(&(index, since)) {
                return Ok(None); // too many versions: send the complete snapshot
            }
            changes.entry((index, since)).or_default().clone()
        };
        // Receivers with the same version wait for the first encoding; others do not.
        let mut encoded = locked(&slot);
        if encoded.is_none() {
            let now = self.store.read(|reader| Ok(changes_in(&self.store, reader, &snapshot.summary, since)))??;
            *encoded = Some(now);
        }
        Ok(encoded.clone().flatten())
    }

    /// The bytes of a chunk. Blocks.
    pub(crate) fn chunk(&self, hash: ChunkHash) -> Result<Arc<Vec<u8>>, Error> {
        if let Some(bytes) = self.recent(hash) {
            return Ok(bytes);
        }
        let bytes = match self.store.chunk_bytes(&hash.0)? {
            Some(bytes) => bytes,
            None => self.encode_again(hash)?,
        };
        let bytes = Arc::new(bytes);
        let mut recent = locked(&self.recent);
        recent.push_front((hash, bytes.clone()));
        recent.truncate(RECENT_CHUNKS);
        Ok(bytes)
    }

    /// Encodes a chunk again that was removed from the cache because it was damaged. [`Error::OfferOutdated`] if its
    /// records have changed.
    fn encode_again(&self, hash: ChunkHash) -> Result<Vec<u8>, Error> {
        let changes: Vec<EncodedChanges> = {
            let changes = locked(&self.changes);
            changes.values().cloned().collect()
        };
        let changes = changes.iter().filter_map(|slot| locked(slot).clone().flatten());
        for Snapshot { summary, since, bits, chunks } in self.snapshots.iter().cloned().chain(changes) {
            let Some(info) = chunks.iter().find(|info| info.hash == hash) else { continue };
            let (dataset, range) = (&summary.dataset, KeyRange { bits, index: info.range });
            let since = since.unwrap_or(ServerTime(i64::MIN));
            let records = self.store.read(|reader| reader.modified_since(dataset, range, since))?;
            let chunk = encode_chunk(&records)?;
            if chunk.hash == hash {
                self.store.cache_chunk(dataset, range, &info.digest, &hash.0, &chunk.bytes)?;
                return Ok(chunk.bytes);
            }
        }
        Err(Error::OfferOutdated)
    }

    fn recent(&self, hash: ChunkHash) -> Option<Arc<Vec<u8>>> {
        let recent = locked(&self.recent);
        recent.iter().find(|(known, _)| *known == hash).map(|(_, bytes)| bytes.clone())
    }
}

/// [`Error::TooManyBoundaries`] if these datasets are too many, or too long, for one offer. Fast: encodes nothing.
fn verify_size(store: &Store, datasets: &[Dataset], signer: Signer<'_>) -> Result<(), Error> {
    let lengths: Vec<usize> = store.read(|reader| {
        Ok(datasets.iter().map(|dataset| length_in_offer(reader, dataset, signer)).collect::<Result<_, _>>())
    })??;
    let most = most_that_fit(lengths);
    if datasets.len() <= most {
        return Ok(());
    }
    // The user chooses boundaries. The data of their whole project comes with them.
    let common = datasets.iter().filter(|dataset| dataset.boundary.is_none()).count();
    Err(Error::TooManyBoundaries { most: most.saturating_sub(common).max(1) })
}

/// How many datasets of these lengths fit in one offer, whichever of them the user chooses.
fn most_that_fit(mut lengths: Vec<usize>) -> usize {
    lengths.sort_unstable_by(|one, other| other.cmp(one));
    let mut room = FrameKind::Control.max_len() - EMPTY_OFFER;
    let fit = lengths.into_iter().take_while(|length| {
        let rest = room.checked_sub(*length);
        room = rest.unwrap_or(room);
        rest.is_some()
    });
    fit.take(MAX_SNAPSHOTS).count()
}

/// The bytes of an offer without snapshots, with two lengths and a number of the largest size.
const EMPTY_OFFER: usize = 32;

/// The bytes of a dataset in an encoded offer.
fn length_in_offer(reader: &Reader<'_>, dataset: &Dataset, signer: Signer<'_>) -> Result<usize, Error> {
    let (summary, provenance) = match received(reader, dataset)? {
        Some(received) => received,
        None => {
            let (summary, sources) = own(reader, dataset, signer)?;
            // The hash and the signature have the same length for all data.
            let (name, snapshot_hash, signature) = (signer.name.clone(), SnapshotHash([0; 32]), Signature([0; 64]));
            (summary, Provenance { key: signer.identity.public_key(), name, snapshot_hash, sources, signature })
        }
    };
    let one = Offer { snapshots: vec![summary], provenance: vec![provenance], bytes: 0 };
    Ok(Message::Offer(one).encode().len())
}

/// The dataset's snapshot. Damaged records are repaired first.
fn undamaged_snapshot(store: &Store, dataset: &Dataset, signer: Signer<'_>) -> Result<(Snapshot, Provenance), Error> {
    let made = || store.read(|reader| Ok(snapshot(store, reader, dataset, signer)))?;
    match made() {
        Err(Error::Store(StoreError::DamagedRecords)) => {}
        made => return made,
    }
    if store.verify_dataset(dataset)?.dropped > 0 {
        return Err(Error::Damaged { boundary: dataset.boundary.clone().unwrap_or_default() });
    }
    made()
}

/// The dataset's snapshot in one read transaction, independent of concurrent writes, and its provenance.
fn snapshot(
    store: &Store,
    reader: &Reader<'_>,
    dataset: &Dataset,
    signer: Signer<'_>,
) -> Result<(Snapshot, Provenance), Error> {
    let (summary, provenance) = with_provenance(reader, dataset, signer)?;
    let bits = range_bits(summary.json_bytes);
    let cached: HashMap<_, _> =
        reader.cached_chunks(dataset, bits)?.into_iter().map(|entry| ((entry.range, entry.digest), entry)).collect();
    let mut chunks = Vec::new();
    for totals in reader.ranges(dataset, bits)? {
        chunks.push(match cached.get(&(totals.range, totals.digest)) {
            Some(entry) => ChunkInfo {
                range: totals.range.index,
                hash: ChunkHash(entry.hash),
                bytes: entry.len as u32,
                records: totals.records as u32,
                json_bytes: totals.json_bytes,
                digest: totals.digest,
            },
            None => {
                let records = reader.records_in_range(dataset, totals.range)?;
                let info = encode(store, dataset, totals.range, &records)?;
                if (info.digest, u64::from(info.records)) != (totals.digest, totals.records) {
                    return Err(StoreError::DamagedRecords.into());
                }
                info
            }
        });
    }
    Ok((Snapshot { summary, since: None, bits, chunks }, provenance))
}

/// The dataset's summary with its provenance. Received data that is unchanged keeps its signer. Else this device signs
/// and names all devices whose downloads it has merged.
fn with_provenance(
    reader: &Reader<'_>,
    dataset: &Dataset,
    signer: Signer<'_>,
) -> Result<(SnapshotSummary, Provenance), Error> {
    if let Some(received) = received(reader, dataset)? {
        return Ok(received);
    }
    let (summary, sources) = own(reader, dataset, signer)?;
    let provenance = signer.sign(&summary, reader.snapshot_hash(dataset)?, sources);
    Ok((summary, provenance))
}

/// Unchanged received data, with its signer.
fn received(reader: &Reader<'_>, dataset: &Dataset) -> Result<Option<(SnapshotSummary, Provenance)>, Error> {
    Ok(reader.provenance(dataset)?.filter(|(summary, _)| summary.is_bounded()))
}

/// The data that this device signs, and the devices from which it is.
fn own(
    reader: &Reader<'_>,
    dataset: &Dataset,
    signer: Signer<'_>,
) -> Result<(SnapshotSummary, Vec<SnapshotSource>), Error> {
    let summary = reader.summary(dataset)?.filter(|summary| summary.as_of > ServerTime(0));
    let mut summary =
        summary.ok_or_else(|| Error::NotDownloaded { boundary: dataset.boundary.clone().unwrap_or_default() })?;
    summary.project_name = cut(&summary.project_name);
    summary.boundary_name = cut(&summary.boundary_name);
    if !summary.is_bounded() {
        return Err(Error::CodeTooLong { boundary: cut(dataset.boundary.as_deref().unwrap_or_default()) });
    }
    let sources = signer.sources(reader.sources(dataset)?);
    if sources.len() > Provenance::MAX_SOURCES {
        return Err(Error::TooManySources { boundary: summary.boundary_name });
    }
    Ok((summary, sources))
}

/// The name, cut to the length for which an offer of many boundaries has room.
fn cut(name: &str) -> String {
    name[..name.floor_char_boundary(SnapshotSummary::MAX_NAME)].to_owned()
}

/// The records changed since `since`, in separate chunks.
fn changes_in(
    store: &Store,
    reader: &Reader<'_>,
    summary: &SnapshotSummary,
    since: ServerTime,
) -> Result<Option<Snapshot>, Error> {
    let (records, json_bytes) = reader.modified_totals(&summary.dataset, since)?;
    if records == 0 || json_bytes > summary.json_bytes / 2 {
        return Ok(None);
    }
    let bits = range_bits(json_bytes);
    let mut chunks = Vec::new();
    for index in 0..1 << bits {
        let range = KeyRange { bits, index };
        let changed = reader.modified_since(&summary.dataset, range, since)?;
        if !changed.is_empty() {
            chunks.push(encode(store, &summary.dataset, range, &changed)?);
        }
    }
    Ok(Some(Snapshot { summary: summary.clone(), since: Some(since), bits, chunks }))
}

/// Encodes records into a chunk and caches it.
fn encode(store: &Store, dataset: &Dataset, range: KeyRange, records: &[Record]) -> Result<ChunkInfo, Error> {
    let chunk = encode_chunk(records)?;
    let info = ChunkInfo::describe(range.index, records, &chunk);
    store.cache_chunk(dataset, range, &info.digest, &chunk.hash.0, &chunk.bytes)?;
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_datasets_that_fit_in_any_combination() {
        assert_eq!(most_that_fit(vec![100; MAX_SNAPSHOTS]), MAX_SNAPSHOTS);
        assert_eq!(most_that_fit(vec![100; MAX_SNAPSHOTS + 1]), MAX_SNAPSHOTS);
        let room = FrameKind::Control.max_len() - EMPTY_OFFER;
        assert_eq!(most_that_fit(vec![room / 200; 300]), 200);
        assert_eq!(most_that_fit([vec![1; 100], vec![room / 2; 2]].concat()), 2, "the longest first");
    }
}
