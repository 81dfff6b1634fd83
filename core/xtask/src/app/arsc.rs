//! Rewrites a resource table (`resources.arsc`) of Android 14 or later in the older form that aapt2 2.19 reads: offsets of
//! 32 bits, and entries with a header. The format is `ResourceTypes.h` of Android's frameworks/base.

use std::collections::BTreeMap;

use super::bytes::{byte_at, slice, u16_at, u32_at};
use crate::Outcome;

const PACKAGE: u16 = 0x0200;
const TYPE: u16 = 0x0201;
/// Flags of a type: the offsets are sparse; the offsets have 16 bits and count words.
const SPARSE: u8 = 1;
const OFFSET16: u8 = 2;
/// Flags of an entry: a map of values; a compact entry, whose value replaces the name's index.
const COMPLEX: u16 = 1;
const COMPACT: u16 = 8;
const NO_ENTRY: u32 = u32::MAX;
/// The size of a chunk's own header: type, header size, size.
const HEADER: usize = 8;
/// The places of a type's flags, number of entries and start of entries.
const TYPE_FLAGS: usize = 9;
const TYPE_COUNT: usize = 12;
const TYPE_START: usize = 16;

/// Returns the new form of a chunk of this kind.
type Change = dyn Fn(u16, &[u8]) -> Outcome<Vec<u8>>;

/// Returns the table in the older form.
///
/// # Errors
/// If the table is damaged.
pub(crate) fn widened(table: &[u8]) -> Outcome<Vec<u8>> {
    rewritten(table, &|kind, package| {
        if kind == PACKAGE { rewritten(package, &widened_type) } else { Ok(package.into()) }
    })
}

/// Rewrites the chunks within a chunk, and corrects its size.
fn rewritten(chunk: &[u8], change: &Change) -> Outcome<Vec<u8>> {
    let header = usize::from(u16_at(chunk, 2)?);
    let (mut result, mut rest) = (slice(chunk, 0, header)?.to_vec(), slice(chunk, header, chunk.len() - header)?);
    while !rest.is_empty() {
        let size = u32_at(rest, 4)? as usize;
        if size < HEADER {
            return Err("the resource table has a chunk without a header".into());
        }
        result.extend(change(u16_at(rest, 0)?, slice(rest, 0, size)?)?);
        rest = &rest[size..];
    }
    set_size(&mut result)?;
    Ok(result)
}

/// Widens the chunk if it is a type: the values of one configuration.
fn widened_type(kind: u16, chunk: &[u8]) -> Outcome<Vec<u8>> {
    if kind != TYPE || byte_at(chunk, TYPE_FLAGS)? & SPARSE != 0 {
        return Ok(chunk.to_vec());
    }
    let (header, start) = (usize::from(u16_at(chunk, 2)?), u32_at(chunk, TYPE_START)? as usize);
    let offsets = offsets(chunk, header)?;
    // Offsets may share an entry.
    let mut places: BTreeMap<u32, u32> =
        offsets.iter().filter(|offset| **offset != NO_ENTRY).map(|offset| (*offset, 0)).collect();
    let mut entries = Vec::new();
    for (offset, place) in &mut places {
        *place = u32::try_from(entries.len())?;
        entries.extend(entry(chunk, start + *offset as usize)?);
        entries.resize(entries.len().next_multiple_of(4), 0);
    }
    let mut result = slice(chunk, 0, header)?.to_vec();
    result[TYPE_FLAGS] &= !OFFSET16;
    let start = u32::try_from(header + 4 * offsets.len())?;
    result[TYPE_START..TYPE_START + 4].copy_from_slice(&start.to_le_bytes());
    result.extend(offsets.iter().flat_map(|offset| places.get(offset).unwrap_or(&NO_ENTRY).to_le_bytes()));
    result.extend(entries);
    set_size(&mut result)?;
    Ok(result)
}

/// The offsets of a type's entries, in bytes.
fn offsets(chunk: &[u8], header: usize) -> Outcome<Vec<u32>> {
    let is_short = byte_at(chunk, TYPE_FLAGS)? & OFFSET16 != 0;
    let offset = |index: usize| {
        if !is_short {
            return u32_at(chunk, header + 4 * index);
        }
        let words = u16_at(chunk, header + 2 * index)?;
        Ok(if words == u16::MAX { NO_ENTRY } else { 4 * u32::from(words) })
    };
    (0..u32_at(chunk, TYPE_COUNT)? as usize).map(offset).collect()
}

/// Returns an entry in the older form.
fn entry(chunk: &[u8], at: usize) -> Outcome<Vec<u8>> {
    let (size, flags) = (u16_at(chunk, at)?, u16_at(chunk, at + 2)?);
    if flags & COMPACT != 0 {
        // The first field is the name's index, the upper byte of the flags the value's type, the second field the value.
        let [flags, kind] = flags.to_le_bytes();
        let mut entry = Vec::from(8u16.to_le_bytes());
        entry.extend(u16::from(flags & !COMPACT.to_le_bytes()[0]).to_le_bytes());
        entry.extend(u32::from(size).to_le_bytes());
        entry.extend(8u16.to_le_bytes());
        entry.extend([0, kind]);
        entry.extend(slice(chunk, at + 4, 4)?);
        return Ok(entry);
    }
    let size = usize::from(size);
    let values =
        if flags & COMPLEX != 0 { 12 * u32_at(chunk, at + 12)? as usize } else { u16_at(chunk, at + size)?.into() };
    Ok(slice(chunk, at, size + values)?.to_vec())
}

fn set_size(chunk: &mut [u8]) -> Outcome<()> {
    let size = u32::try_from(chunk.len())?;
    chunk.get_mut(4..8).ok_or("a chunk is too short")?.copy_from_slice(&size.to_le_bytes());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(kind: u16, header: &[u8], content: &[u8]) -> Vec<u8> {
        let size = HEADER + header.len();
        let mut chunk = [kind.to_le_bytes(), u16::try_from(size).unwrap().to_le_bytes()].concat();
        chunk.extend(u32::try_from(size + content.len()).unwrap().to_le_bytes());
        chunk.extend(header);
        chunk.extend(content);
        chunk
    }

    /// A table with one type of three entries, the second of which is missing.
    fn table(flags: u8, start: u32, content: &[u8]) -> Vec<u8> {
        let mut header = vec![1, flags, 0, 0, 3, 0, 0, 0];
        header.extend((20 + start).to_le_bytes());
        chunk(2, &[1, 0, 0, 0], &chunk(PACKAGE, &[0x7f, 0, 0, 0], &chunk(TYPE, &header, content)))
    }

    const PLAIN: [u8; 16] = [8, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0x10, 42, 0, 0, 0];
    const MAP: [u8; 28] = [16, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 2, 3, 4, 8, 0, 0, 3, 7, 0, 0, 0];

    #[test]
    fn widens_offsets_and_compact_entries() {
        let compact = [5, 0, 8, 0x10, 42, 0, 0, 0];
        let short = [&[0, 0, 0xff, 0xff, 2, 0, 0, 0][..], &compact, &MAP].concat();
        let wide = [&[0; 4][..], &[0xff; 4], &[16, 0, 0, 0], &PLAIN, &MAP].concat();
        assert_eq!(widened(&table(OFFSET16, 8, &short)).unwrap(), table(0, 12, &wide));
    }

    #[test]
    fn keeps_older_form() {
        let wide = [&[16, 0, 0, 0][..], &[0xff; 4], &[0; 4], &PLAIN, &MAP].concat();
        assert_eq!(widened(&table(0, 12, &wide)).unwrap(), table(0, 12, &wide));
    }

    #[test]
    fn rejects_damaged_tables() {
        let wide = [&[0; 4][..], &[0xff; 4], &[16, 0, 0, 0], &PLAIN, &MAP].concat();
        let whole = table(0, 12, &wide);
        assert!((1..whole.len()).all(|size| size == 12 || widened(&whole[..size]).is_err()));
        assert!(widened(&table(0, 4000, &wide)).is_err());
    }
}
