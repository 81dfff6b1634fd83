//! Variable-length integers, and a bounds-checked reader for the head of a chunk.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use crate::Error;
use crate::error::malformed;

/// Appends a number, seven bits per byte, lowest bits first. The top bit of a byte is set if more bytes follow.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number in zigzag form: 0 or more becomes an even number, less than 0 an odd number.
pub(crate) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, (value << 1 ^ value >> 63) as u64);
}

/// The bytes that are not read yet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, Error> {
        let (first, rest) = self.0.split_first().ok_or(malformed("chunk: it ends too early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Error> {
        let (first, rest) = self.0.split_at_checked(len).ok_or(malformed("chunk: it ends too early"))?;
        self.0 = rest;
        Ok(first)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Error> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // Accept one form only: no bits lost at the top, and no zero byte at the end of a longer number.
            if bits << shift >> shift != bits || (byte == 0 && shift > 0) {
                break;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(malformed("chunk: number"))
    }

    /// Reads a count or a length. Fails if it is above `limit`.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize, Error> {
        let count = usize::try_from(self.number()?).map_err(|_| malformed("chunk: count"))?;
        if count <= limit { Ok(count) } else { Err(malformed("chunk: count")) }
    }

    pub(crate) fn signed(&mut self) -> Result<i64, Error> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }
}
