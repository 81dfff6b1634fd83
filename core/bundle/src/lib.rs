//! Encodes records to chunks, decodes chunks to records, and reads and writes the manifests that list chunks. Sans-IO.
//!
//! A chunk contains the compressed families of one key range. Its name is the hash of its bytes. A manifest lists the
//! chunks of one or more snapshots. A bundle file contains a manifest and its chunks, signed by the device that made
//! it. docs/BUNDLE.md describes every byte.

mod chunk;
mod columns;
mod error;
mod file;
mod manifest;
mod verify;

pub use chunk::{
    CHUNK_JSON_TARGET, ChunkHash, EncodedChunk, MAX_CHUNK_BYTES, MAX_CHUNK_JSON, decode_chunk, encode_chunk, range_bits,
};
pub use error::Error;
pub use file::{FileError, FileHead, read_chunk};
pub use manifest::{ChunkInfo, MANIFEST_FORMAT, MAX_MANIFEST_BYTES, Manifest, Snapshot};
pub use verify::verify_chunk;
