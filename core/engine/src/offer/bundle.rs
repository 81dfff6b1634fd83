//! What a distributor offers: the snapshots it chose, encoded once, and for each receiver the part it lacks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use fieldcast_bundle::{ChunkHash, ChunkInfo, Manifest, Snapshot, encode_chunk, range_bits};
use fieldcast_model::{Dataset, ServerTime};
use fieldcast_store::{Reader, Store};
use fieldcast_wire::{Held, MAX_SNAPSHOTS, Offer};

use crate::Error;

/// Chunks kept in memory for receivers that are at about the same place: read once, sent many times.
const RECENT_CHUNKS: usize = 8;

/// The chosen snapshots with every chunk encoded and in the store's cache.
pub(crate) struct Bundle {
    store: Store,
    snapshots: Vec<Snapshot>,
    recent: Mutex<VecDeque<(ChunkHash, Arc<Vec<u8>>)>>,
}

impl Bundle {
    /// Encodes what is not in the cache yet. Blocks; seconds for a large dataset's first time.
    pub(crate) fn prepare(store: Store, datasets: &[Dataset]) -> Result<Self, Error> {
        if datasets.is_empty() {
            return Err(Error::NothingToSend);
        }
        if datasets.len() > MAX_SNAPSHOTS {
            return Err(Error::TooManyBoundaries { most: MAX_SNAPSHOTS });
        }
        let snapshots = datasets.iter().map(|dataset| snapshot(&store, dataset)).collect::<Result<_, _>>()?;
        Ok(Self { store, snapshots, recent: Mutex::default() })
    }

    pub(crate) fn offer(&self) -> Offer {
        let snapshots = self.snapshots.iter().map(|snapshot| snapshot.summary.clone()).collect();
        let chunks = self.snapshots.iter().flat_map(|snapshot| &snapshot.chunks);
        Offer { snapshots, bytes: chunks.map(|chunk| u64::from(chunk.bytes)).sum() }
    }

    /// The manifest for a receiver that holds this: the snapshots whose digests differ.
    pub(crate) fn manifest_for(&self, held: &[Held]) -> Manifest {
        let lacking = self.snapshots.iter().zip(held).filter(|(ours, held)| ours.summary.digest != held.digest);
        Manifest::new(lacking.map(|(snapshot, _)| snapshot.clone()).collect())
    }

    /// The bytes of a chunk. Blocks.
    pub(crate) fn chunk(&self, hash: ChunkHash) -> Result<Arc<Vec<u8>>, Error> {
        if let Some(bytes) = self.recent(hash) {
            return Ok(bytes);
        }
        let bytes = Arc::new(self.store.chunk_bytes(&hash.0)?.ok_or(Error::OfferOutdated)?);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_front((hash, bytes.clone()));
        recent.truncate(RECENT_CHUNKS);
        Ok(bytes)
    }

    fn recent(&self, hash: ChunkHash) -> Option<Arc<Vec<u8>>> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|(known, _)| *known == hash).map(|(_, bytes)| bytes.clone())
    }
}

/// The dataset's snapshot as one read sees it, whatever is written meanwhile.
fn snapshot(store: &Store, dataset: &Dataset) -> Result<Snapshot, Error> {
    store.read(|reader| Ok(snapshot_in(store, reader, dataset)))?
}

fn snapshot_in(store: &Store, reader: &Reader<'_>, dataset: &Dataset) -> Result<Snapshot, Error> {
    let summary = reader.summary(dataset)?.filter(|summary| summary.as_of > ServerTime(0));
    let summary =
        summary.ok_or_else(|| Error::NotDownloaded { boundary: dataset.boundary.clone().unwrap_or_default() })?;
    let bits = range_bits(summary.json_bytes);
    let cached: HashMap<_, _> =
        reader.cached_chunks(dataset, bits)?.into_iter().map(|entry| ((entry.range, entry.digest), entry)).collect();
    let mut chunks = Vec::new();
    for totals in reader.ranges(dataset, bits)? {
        let (hash, bytes) = match cached.get(&(totals.range, totals.digest)) {
            Some(entry) => (ChunkHash(entry.hash), entry.len),
            None => {
                let chunk = encode_chunk(&reader.records_in_range(dataset, totals.range)?)?;
                store.cache_chunk(dataset, totals.range, &totals.digest, &chunk.hash.0, &chunk.bytes)?;
                (chunk.hash, chunk.bytes.len() as u64)
            }
        };
        chunks.push(ChunkInfo {
            range: totals.range.index,
            hash,
            bytes: bytes as u32,
            records: totals.records as u32,
            json_bytes: totals.json_bytes,
            digest: totals.digest,
        });
    }
    Ok(Snapshot { summary, bits, chunks })
}
