//! Chunks: their names, their limits, and how large a piece of a dataset one is.

use std::fmt;

use fieldcast_model::{FINE_BITS, Record};
use serde::{Deserialize, Serialize};

use crate::{Error, columns};

/// The most bytes an encoded chunk may have.
pub const MAX_CHUNK_BYTES: usize = 8 << 20;

/// The most bytes of canonical JSON the bodies of one chunk may have together.
pub const MAX_CHUNK_JSON: usize = 64 << 20;

/// How much canonical JSON a chunk should hold: enough to compress well, little enough to resend.
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

/// A chunk as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedChunk {
    /// Its name.
    pub hash: ChunkHash,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Encodes records. The same records in the same order give the same bytes; they encode smallest sorted by
/// (root hash, root, entity, id), but any order comes back as it was given.
///
/// # Errors
/// [`Error::Body`] for a body that is not canonical JSON, [`Error::TooLarge`] beyond the chunk limits.
pub fn encode_chunk(records: &[Record]) -> Result<EncodedChunk, Error> {
    let bytes = columns::encode(records)?;
    if bytes.len() > MAX_CHUNK_BYTES {
        return Err(Error::TooLarge { what: "a chunk", limit: MAX_CHUNK_BYTES });
    }
    Ok(EncodedChunk { hash: ChunkHash::of(&bytes), bytes })
}

/// Decodes what [`encode_chunk`] wrote. The input may come from anybody: nothing is allocated before its size is
/// checked, and nothing in it can panic.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::TooLarge`].
pub fn decode_chunk(bytes: &[u8]) -> Result<Vec<Record>, Error> {
    if bytes.len() > MAX_CHUNK_BYTES {
        return Err(Error::TooLarge { what: "a chunk", limit: MAX_CHUNK_BYTES });
    }
    columns::decode(bytes)
}

/// Into how many key ranges a dataset of this size is cut, as a power of two: a chunk then holds
/// [`CHUNK_JSON_TARGET`] give or take a third.
pub fn range_bits(json_bytes: u64) -> u8 {
    // Round to the nearest power of two on the logarithmic scale: 1.4 targets are one chunk, 1.5 are two.
    let mut bits = 0;
    while bits < FINE_BITS && (json_bytes >> bits) > CHUNK_JSON_TARGET * 181 / 128 {
        bits += 1;
    }
    bits
}
