//! Holding a chunk against what the manifest says of it.

use fieldcast_model::{Digest, KeyRange, Record};

use crate::error::malformed;
use crate::{ChunkHash, ChunkInfo, Error, columns, decode_chunk};

/// Decodes a chunk and proves it is the one the manifest describes: its size and hash, how many records and bytes of
/// JSON it holds, that all belong to its key range, and their digest. It is not decoded before size and hash are right.
///
/// # Errors
/// [`Error::Mismatch`] when it is another chunk, and those of [`decode_chunk`].
pub fn verify_chunk(info: &ChunkInfo, bits: u8, bytes: &[u8]) -> Result<Vec<Record>, Error> {
    let range = KeyRange { bits, index: info.range };
    if !range.is_valid() {
        return Err(malformed("key range"));
    }
    same("size", bytes.len() == info.bytes as usize)?;
    same("hash", ChunkHash::of(bytes) == info.hash)?;
    // What a chunk announces it holds to, or it does not decode; so a wrong one is told before the work.
    let announced = columns::announced(bytes)?;
    same("record count", announced.records as u64 == u64::from(info.records))?;
    same("JSON size", announced.json as u64 == info.json_bytes)?;
    let records = decode_chunk(bytes)?;
    let mut digest = Digest::EMPTY;
    let mut last = None;
    for record in &records {
        if last != Some(&record.root) {
            same("key range", range.contains(record.root_hash()))?;
            last = Some(&record.root);
        }
        digest.insert(record.hash());
    }
    same("digest", digest == info.digest)?;
    Ok(records)
}

fn same(what: &'static str, equal: bool) -> Result<(), Error> {
    if equal { Ok(()) } else { Err(Error::Mismatch { what }) }
}
