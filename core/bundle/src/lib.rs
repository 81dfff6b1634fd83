//! Records to chunks and back, and the manifests that name them. Sans-IO.
//!
//! A chunk is the families of one key range, encoded small; it is named by the hash of its bytes. A manifest lists the
//! chunks of one or more snapshots. A bundle file is both, signed by its maker. docs/BUNDLE.md describes all to the byte.

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
