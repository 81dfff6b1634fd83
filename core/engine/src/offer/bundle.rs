//! What a distributor offers: the snapshots it chose, encoded once, and for each receiver the part it lacks.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use fieldcast_bundle::{ChunkHash, ChunkInfo, Manifest, Snapshot, encode_chunk, range_bits};
use fieldcast_model::{Dataset, KeyRange, Origin, Record, ServerTime, SnapshotSummary};
use fieldcast_store::{Error as StoreError, Reader, Store};
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Held, MAX_SNAPSHOTS, Message, Offer};

use crate::Error;
use crate::origins::Signer;

/// Chunks kept in memory for receivers that are at about the same place: read once, sent many times.
const RECENT_CHUNKS: usize = 8;

/// Different versions that receivers may start from before the rest are sent everything.
const MOST_CHANGES: usize = 256;

/// The changes since one version, once somebody has asked for them; `None` in it if everything is to be sent instead.
type Changes = Arc<Mutex<Option<Option<Snapshot>>>>;

/// The chosen snapshots with every chunk encoded and in the store's cache.
pub(crate) struct Bundle {
    store: Store,
    snapshots: Vec<Snapshot>,
    /// Who answers for each of them.
    origins: Vec<Origin>,
    /// Changes by snapshot and version they start from.
    changes: Mutex<HashMap<(usize, ServerTime), Changes>>,
    recent: Mutex<VecDeque<(ChunkHash, Arc<Vec<u8>>)>>,
}

impl Bundle {
    /// Encodes what is not in the cache yet. Blocks; seconds for a large dataset's first time.
    pub(crate) fn prepare(store: Store, datasets: &[Dataset], maker: Signer<'_>) -> Result<Self, Error> {
        if datasets.is_empty() {
            return Err(Error::NothingToSend);
        }
        if datasets.len() > MAX_SNAPSHOTS {
            return Err(Error::TooManyBoundaries { most: MAX_SNAPSHOTS });
        }
        let (snapshots, origins) =
            datasets.iter().map(|dataset| sound_snapshot(&store, dataset, maker)).collect::<Result<_, _>>()?;
        let this = Self { store, snapshots, origins, changes: Mutex::default(), recent: Mutex::default() };
        if Message::Offer(this.offer()).encode().len() > FrameKind::Control.max_len() {
            return Err(Error::TooManyBoundaries { most: this.snapshots.len() / 2 });
        }
        Ok(this)
    }

    /// Where its chunks are read from.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// All of it.
    pub(crate) fn offer(&self) -> Offer {
        self.part(|_| true).1
    }

    /// What of it may be offered, as places in this bundle and as the offer.
    pub(crate) fn part(&self, may: impl Fn(&Dataset) -> bool) -> (Vec<usize>, Offer) {
        let (mut places, mut offer) = (Vec::new(), Offer::default());
        for (place, (snapshot, origin)) in self.snapshots.iter().zip(&self.origins).enumerate() {
            if may(&snapshot.summary.dataset) {
                places.push(place);
                offer.snapshots.push(snapshot.summary.clone());
                offer.origins.push(origin.clone());
                offer.bytes += snapshot.chunks.iter().map(|chunk| u64::from(chunk.bytes)).sum::<u64>();
            }
        }
        (places, offer)
    }

    /// The manifest for a receiver that was offered these places and holds this of them: of each snapshot whose digest
    /// differs, the changes since its version if that is less than half, else everything; nothing of one it is ahead of.
    /// Blocks.
    pub(crate) fn manifest_for(&self, offered: &[usize], held: &[Held]) -> Result<Manifest, Error> {
        let mut lacking = Vec::new();
        for (&index, held) in offered.iter().zip(held) {
            let Some(snapshot) = self.snapshots.get(index) else { continue };
            let ours = &snapshot.summary;
            if ours.digest == held.digest || held.is_ahead {
                continue;
            }
            // There are no changes since a version that is later, or says it is.
            let changes = if held.as_of <= ours.as_of { self.changes(index, held.as_of)? } else { None };
            lacking.push(changes.unwrap_or_else(|| snapshot.clone()));
        }
        Ok(Manifest::new(lacking))
    }

    /// The manifest of everything.
    pub(crate) fn manifest(&self) -> Manifest {
        Manifest::new(self.snapshots.clone())
    }

    /// The manifest of everything in these of the offered places.
    pub(crate) fn whole(&self, offered: &[usize], indexes: &[u16]) -> Manifest {
        let places = indexes.iter().filter_map(|index| offered.get(usize::from(*index)));
        Manifest::new(places.filter_map(|place| self.snapshots.get(*place).cloned()).collect())
    }

    /// What changed in a snapshot since an earlier version; `None` if that is nothing, half or more of it. Encoded once
    /// for all receivers of that version.
    fn changes(&self, index: usize, since: ServerTime) -> Result<Option<Snapshot>, Error> {
        let Some(snapshot) = self.snapshots.get(index).filter(|_| since > ServerTime(0)) else { return Ok(None) };
        let slot = {
            let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            if changes.len() >= MOST_CHANGES && !changes.contains_key(&(index, since)) {
                return Ok(None); // whoever names yet another version is sent everything
            }
            changes.entry((index, since)).or_default().clone()
        };
        // Whoever asks for the same waits for the first; others do not.
        let mut encoded = slot.lock().unwrap_or_else(PoisonError::into_inner);
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
            None => self.encoded_anew(hash)?,
        };
        let bytes = Arc::new(bytes);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.push_front((hash, bytes.clone()));
        recent.truncate(RECENT_CHUNKS);
        Ok(bytes)
    }

    /// The bytes of a chunk that is not in the cache any more, because it was damaged. [`Error::OfferOutdated`] if the records
    /// are not those it was made of.
    fn encoded_anew(&self, hash: ChunkHash) -> Result<Vec<u8>, Error> {
        let changes: Vec<Changes> = {
            let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
            changes.values().cloned().collect()
        };
        let changes =
            changes.iter().filter_map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).clone().flatten());
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
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.iter().find(|(known, _)| *known == hash).map(|(_, bytes)| bytes.clone())
    }
}

/// The dataset's snapshot, after damage was repaired if there was any.
fn sound_snapshot(store: &Store, dataset: &Dataset, maker: Signer<'_>) -> Result<(Snapshot, Origin), Error> {
    let made = || store.read(|reader| Ok(snapshot(store, reader, dataset, maker)))?;
    match made() {
        Err(Error::Store(StoreError::DamagedRecords)) => {}
        made => return made,
    }
    if store.verify_dataset(dataset)?.dropped > 0 {
        return Err(Error::Damaged { boundary: dataset.boundary.clone().unwrap_or_default() });
    }
    made()
}

/// The dataset's snapshot as one read sees it, whatever is written meanwhile, and who answers for it.
fn snapshot(
    store: &Store,
    reader: &Reader<'_>,
    dataset: &Dataset,
    maker: Signer<'_>,
) -> Result<(Snapshot, Origin), Error> {
    let (summary, origin) = vouched(reader, dataset, maker)?;
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
    Ok((Snapshot { summary, since: None, bits, chunks }, origin))
}

/// The dataset's summary with the signature of whoever answers for it: the device it was taken over from if that is still
/// what is here, else this one, which names whose downloads it has merged.
fn vouched(reader: &Reader<'_>, dataset: &Dataset, maker: Signer<'_>) -> Result<(SnapshotSummary, Origin), Error> {
    if let Some(vouched) = reader.origin(dataset)?.filter(|(summary, _)| summary.is_bounded()) {
        return Ok(vouched);
    }
    let summary = reader.summary(dataset)?.filter(|summary| summary.as_of > ServerTime(0));
    let mut summary =
        summary.ok_or_else(|| Error::NotDownloaded { boundary: dataset.boundary.clone().unwrap_or_default() })?;
    summary.project_name = cut(&summary.project_name);
    summary.boundary_name = cut(&summary.boundary_name);
    if !summary.is_bounded() {
        return Err(Error::CodeTooLong { boundary: cut(dataset.boundary.as_deref().unwrap_or_default()) });
    }
    let sources = maker.sources(reader.sources(dataset)?);
    if sources.len() > Origin::MAX_SOURCES {
        return Err(Error::TooManySources { boundary: summary.boundary_name });
    }
    let origin = maker.sign(&summary, reader.seal(dataset)?, sources);
    Ok((summary, origin))
}

/// As much of a name as an offer of many boundaries has room for.
fn cut(name: &str) -> String {
    name[..name.floor_char_boundary(SnapshotSummary::MAX_NAME)].to_owned()
}

/// The records changed since `since`, cut into chunks of their own.
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

/// Encodes records into a chunk and keeps it in the cache.
fn encode(store: &Store, dataset: &Dataset, range: KeyRange, records: &[Record]) -> Result<ChunkInfo, Error> {
    let chunk = encode_chunk(records)?;
    let info = ChunkInfo::describe(range.index, records, &chunk);
    store.cache_chunk(dataset, range, &info.digest, &chunk.hash.0, &chunk.bytes)?;
    Ok(info)
}
