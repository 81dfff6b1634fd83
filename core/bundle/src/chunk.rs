//! Chunks: their names, their size limits, and how a dataset is divided into chunks.

use std::fmt;

use fieldcast_model::{FINE_BITS, Record};
use serde::{Deserialize, Serialize};

use crate::{Error, columns};

/// The maximum size of an encoded chunk, in bytes.
pub const MAX_CHUNK_BYTES: usize = 8 << 20;

/// The maximum total size of the canonical JSON of all bodies in one chunk, in bytes.
pub const MAX_CHUNK_JSON: usize = 64 << 20;

/// The target amount of canonical JSON in a chunk, in bytes. A larger chunk compresses better; a smaller one costs less
/// to resend.
pub const CHUNK_JSON_TARGET: u64 = 1 << 20;

/// A chunk's name: the BLAKE3 hash of its encoded bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChunkHash(pub [u8; 32]);

impl ChunkHash {
    /// The name of the chunk with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An encoded chunk, as a device sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedChunk {
    /// Its name.
    pub hash: ChunkHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Encodes records. The same records in the same order always give the same bytes. The chunk is smallest if the records
/// are sorted by (root hash, root, entity, id), but any order is allowed, and decoding returns the same order.
///
/// # Errors
/// [`Error::Body`] if a body is not canonical JSON. [`Error::TooLarge`] if a chunk limit is exceeded.
pub fn encode_chunk(records: &[Record]) -> Result<EncodedChunk, Error> {
    let bytes = columns::encode(records)?;
    if bytes.len() > MAX_CHUNK_BYTES {
        return Err(Error::TooLarge { what: "a chunk", limit: MAX_CHUNK_BYTES });
    }
    Ok(EncodedChunk { hash: ChunkHash::of(&bytes), bytes })
}

/// Decodes a chunk written by [`encode_chunk`]. The input is untrusted: the decoder checks every size before it
/// allocates memory, and no input causes a panic.
///
/// # Errors
/// [`Error::Malformed`], [`Error::TooLarge`] and [`Error::UnknownFormat`].
pub fn decode_chunk(bytes: &[u8]) -> Result<Vec<Record>, Error> {
    if bytes.len() > MAX_CHUNK_BYTES {
        return Err(Error::TooLarge { what: "a chunk", limit: MAX_CHUNK_BYTES });
    }
    columns::decode(bytes)
}

/// Returns `bits`: a dataset of this size is divided into 2^`bits` key ranges, one chunk each. A chunk then holds
/// [`CHUNK_JSON_TARGET`] plus or minus a third.
pub fn range_bits(json_bytes: u64) -> u8 {
    // Round to the nearest power of two on a logarithmic scale: 1.4 times the target makes one chunk, 1.5 times makes
    // two.
    let mut bits = 0;
    while bits < FINE_BITS && (json_bytes >> bits) > CHUNK_JSON_TARGET * 181 / 128 {
        bits += 1;
    }
    bits
}
