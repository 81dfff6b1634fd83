//! Manifests: the data that a distributor offers, chunk by chunk.

use std::collections::BTreeSet;

use fieldcast_model::{Digest, KeyRange, Record, ServerTime, SnapshotSummary};
use serde::{Deserialize, Serialize};

use crate::error::malformed;
use crate::{ChunkHash, EncodedChunk, Error, MAX_CHUNK_BYTES, MAX_CHUNK_JSON};

/// The format that this version writes, and the newest that it reads.
pub const MANIFEST_FORMAT: u16 = 1;

/// The maximum size of an encoded manifest, in bytes: more than 100,000 chunks.
pub const MAX_MANIFEST_BYTES: usize = 8 << 20;

/// An offer: one or more snapshots.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u16,
    /// The snapshots. No dataset occurs twice.
    pub snapshots: Vec<Snapshot>,
}

/// One version of a dataset, divided into chunks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The dataset, its version and its totals.
    pub summary: SnapshotSummary,
    /// If set, the chunks contain only what the server changed after this time. `None` means they contain everything.
    pub since: Option<ServerTime>,
    /// The key space is divided into 2^bits ranges.
    pub bits: u8,
    /// One chunk for every range that has records to send, in range order.
    pub chunks: Vec<ChunkInfo>,
}

/// One chunk: its key range and the values to verify it with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkInfo {
    /// The index of its key range, out of 2^bits.
    pub range: u32,
    /// The hash of the encoded bytes.
    pub hash: ChunkHash,
    /// The size of the encoded bytes.
    pub bytes: u32,
    /// The number of records. Never 0.
    pub records: u32,
    /// Bytes of the bodies' canonical JSON.
    pub json_bytes: u64,
    /// The sum of the record hashes.
    pub digest: Digest,
}

impl ChunkInfo {
    /// Describes a chunk that was just encoded from `records`.
    pub fn describe(range: u32, records: &[Record], chunk: &EncodedChunk) -> Self {
        let mut digest = Digest::EMPTY;
        records.iter().for_each(|record| digest.insert(record.hash()));
        Self {
            range,
            hash: chunk.hash,
            bytes: chunk.bytes.len() as u32,
            records: records.len() as u32,
            json_bytes: records.iter().map(|record| record.body.len() as u64).sum(),
            digest,
        }
    }
}

impl Manifest {
    /// Makes a manifest of these snapshots in the current format.
    pub const fn new(snapshots: Vec<Snapshot>) -> Self {
        Self { format: MANIFEST_FORMAT, snapshots }
    }

    /// Returns the bytes to send. Equal manifests have equal bytes.
    pub fn encode(&self) -> Vec<u8> {
        // Cannot fail: plain integers, strings and lists are written to memory.
        postcard::to_stdvec(self).unwrap_or_default()
    }

    /// Parses a manifest and checks that it is consistent. The bytes are untrusted.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::UnknownFormat`], [`Error::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge { what: "the manifest", limit: MAX_MANIFEST_BYTES });
        }
        // Read the format first, to distinguish a newer format from damage.
        let (format, _) = postcard::take_from_bytes::<u16>(bytes).map_err(|_| malformed("manifest"))?;
        if format > MANIFEST_FORMAT {
            return Err(Error::UnknownFormat { found: format, known: MANIFEST_FORMAT });
        }
        let manifest: Self = postcard::from_bytes(bytes).map_err(|_| malformed("manifest"))?;
        // Accept one form only: equal manifests have equal bytes.
        if manifest.encode() != bytes {
            return Err(malformed("manifest"));
        }
        manifest.check()?;
        Ok(manifest)
    }

    /// Returns the total of encoded bytes of all chunks.
    pub fn total_bytes(&self) -> u64 {
        self.chunks().map(|chunk| u64::from(chunk.bytes)).sum()
    }

    /// Returns every chunk of every snapshot.
    pub fn chunks(&self) -> impl Iterator<Item = &ChunkInfo> {
        self.snapshots.iter().flat_map(|snapshot| &snapshot.chunks)
    }

    fn check(&self) -> Result<(), Error> {
        if self.format != MANIFEST_FORMAT {
            return Err(malformed("manifest format"));
        }
        let mut datasets = BTreeSet::new();
        for snapshot in &self.snapshots {
            if !datasets.insert(&snapshot.summary.dataset) {
                return Err(malformed("manifest: duplicate dataset"));
            }
            snapshot.check()?;
        }
        Ok(())
    }
}

impl Snapshot {
    fn check(&self) -> Result<(), Error> {
        let mut next = 0;
        let (mut records, mut json_bytes, mut digest) = (0u64, 0u64, Digest::EMPTY);
        for chunk in &self.chunks {
            if !(KeyRange { bits: self.bits, index: chunk.range }).is_valid() || chunk.range < next {
                return Err(malformed("manifest: key ranges"));
            }
            next = chunk.range + 1;
            chunk.check()?;
            records += u64::from(chunk.records);
            json_bytes += chunk.json_bytes; // at most 2^12 chunks of at most 64 MiB
            digest += chunk.digest;
        }
        let summary = &self.summary;
        if !summary.is_bounded() {
            return Err(malformed("manifest: names"));
        }
        if !(KeyRange { bits: self.bits, index: 0 }).is_valid() || summary.households > summary.records {
            return Err(malformed("manifest: snapshot"));
        }
        let is_all = (records, json_bytes, digest) == (summary.records, summary.json_bytes, summary.digest);
        let is_part = self.since.is_some() && records <= summary.records && json_bytes <= summary.json_bytes;
        if !is_all && !is_part {
            return Err(malformed("manifest: sums"));
        }
        Ok(())
    }
}

impl ChunkInfo {
    fn check(&self) -> Result<(), Error> {
        if self.bytes == 0 || self.bytes as usize > MAX_CHUNK_BYTES {
            return Err(Error::TooLarge { what: "a chunk", limit: MAX_CHUNK_BYTES });
        }
        if self.json_bytes > MAX_CHUNK_JSON as u64 {
            return Err(Error::TooLarge { what: "a chunk's JSON", limit: MAX_CHUNK_JSON });
        }
        if self.records == 0 {
            return Err(malformed("manifest: empty chunk"));
        }
        Ok(())
    }
}
