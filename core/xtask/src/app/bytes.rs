//! Reads binary formats with little-endian numbers, without panics on damaged ones.

use crate::Outcome;

/// Returns `size` bytes at a position.
///
/// # Errors
/// If there are fewer. So do the other functions.
pub(crate) fn slice(bytes: &[u8], at: usize, size: usize) -> Outcome<&[u8]> {
    let found = at.checked_add(size).and_then(|end| bytes.get(at..end));
    found.ok_or_else(|| format!("the file ends before byte {}", at.saturating_add(size)).into())
}

pub(crate) fn byte_at(bytes: &[u8], at: usize) -> Outcome<u8> {
    Ok(slice(bytes, at, 1)?[0])
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Outcome<u16> {
    Ok(u16::from_le_bytes(slice(bytes, at, 2)?.try_into()?))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Outcome<u32> {
    Ok(u32::from_le_bytes(slice(bytes, at, 4)?.try_into()?))
}
