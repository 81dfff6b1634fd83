//! Verifies a chunk against the manifest.

use fieldcast_model::{Digest, KeyRange, Record};

use crate::error::malformed;
use crate::{ChunkHash, ChunkInfo, Error, columns, decode_chunk};

/// Decodes a chunk and verifies that it is the one the manifest describes: size, hash, number of records, JSON size,
/// key range of every record, and digest. Size and hash are checked before decoding.
///
/// # Errors
/// [`Error::Mismatch`] if the chunk does not match, and the errors of [`decode_chunk`].
pub fn verify_chunk(info: &ChunkInfo, bits: u8, bytes: &[u8]) -> Result<Vec<Record>, Error> {
    let range = KeyRange { bits, index: info.range };
    if !range.is_valid() {
        return Err(malformed("key range"));
    }
    same("size", bytes.len() == info.bytes as usize)?;
    same("hash", ChunkHash::of(bytes) == info.hash)?;
    // A chunk that does not contain what it declares fails to decode. Compare the declared values first, which is
    // cheap.
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
