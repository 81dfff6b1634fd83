//! The distinct strings of a chunk: each is written out once and has a number from then on.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use std::collections::HashMap;

use super::limits::MAX_TEXTS;
use super::timed::{TAIL_AT, Timed};
use crate::{Error, MAX_CHUNK_JSON};

/// Texts in the order they first occur, the same order on both sides.
#[derive(Debug, Default)]
pub(crate) struct Table {
    arena: String,
    /// Where each text ends; it starts where the one before ends.
    ends: Vec<u32>,
}

impl Table {
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        let start = (id as usize).checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(id as usize).copied().unwrap_or(start);
        self.arena.get(start as usize..end as usize).unwrap_or_default()
    }

    /// The 16 bytes, if the text is a UUID.
    pub(crate) fn uuid(&self, id: u32) -> Option<[u8; 16]> {
        parse_uuid(self.text(id).as_bytes())
    }

    pub(crate) fn push_text(&mut self, text: &str) -> Result<u32, Error> {
        self.push_with(|arena| {
            arena.push_str(text);
            true
        })
    }

    pub(crate) fn push_uuid(&mut self, uuid: [u8; 16]) -> Result<u32, Error> {
        let text = format_uuid(uuid);
        self.push_text(std::str::from_utf8(&text).unwrap_or_default())
    }

    /// Adds what `write` appends, which may fail.
    pub(crate) fn push_with(&mut self, write: impl FnOnce(&mut String) -> bool) -> Result<u32, Error> {
        if !write(&mut self.arena) {
            return Err(crate::error::malformed("chunk: number in a string"));
        }
        if self.arena.len() > MAX_CHUNK_JSON {
            return Err(Error::TooLarge { what: "a chunk's text", limit: MAX_CHUNK_JSON });
        }
        if self.ends.len() == MAX_TEXTS {
            return Err(Error::TooLarge { what: "a chunk's number of texts", limit: MAX_TEXTS });
        }
        self.ends.push(self.arena.len() as u32);
        Ok(self.len() - 1)
    }
}

/// A [`Table`] that finds texts again; only the encoder needs to.
#[derive(Debug, Default)]
pub(crate) struct Interner<'a> {
    pub(crate) table: Table,
    uuids: HashMap<[u8; 16], u32, Quick>,
    texts: HashMap<&'a str, u32, Quick>,
    /// Those that stand nowhere in a body by themselves.
    tails: HashMap<String, u32, Quick>,
    /// The number of each version 1 UUID's tail.
    tail_of: HashMap<u32, u32, Quick>,
}

impl<'a> Interner<'a> {
    pub(crate) fn uuid(&mut self, uuid: [u8; 16]) -> Result<u32, Error> {
        if let Some(id) = self.uuids.get(&uuid) {
            return Ok(*id);
        }
        let tail = if Timed::of(uuid).is_some() { Some(self.tail(uuid)?) } else { None };
        let id = self.table.push_uuid(uuid)?;
        self.uuids.insert(uuid, id);
        if let Some(tail) = tail {
            self.tail_of.insert(id, tail);
        }
        Ok(id)
    }

    fn tail(&mut self, uuid: [u8; 16]) -> Result<u32, Error> {
        let text = format_uuid(uuid);
        let tail = text.get(TAIL_AT..).and_then(|tail| std::str::from_utf8(tail).ok()).unwrap_or_default();
        if let Some(id) = self.texts.get(tail).or_else(|| self.tails.get(tail)) {
            return Ok(*id);
        }
        let id = self.table.push_text(tail)?;
        self.tails.insert(tail.to_owned(), id);
        Ok(id)
    }

    /// The tail of a version 1 UUID: a text that has a smaller number than the UUID.
    pub(crate) fn tail_of(&self, id: u32) -> Option<u32> {
        self.tail_of.get(&id).copied()
    }

    /// The number of `text`, and whether it is new.
    pub(crate) fn text(&mut self, text: &'a str) -> Result<(u32, bool), Error> {
        if let Some(id) = self.texts.get(text) {
            return Ok((*id, false));
        }
        if let Some(id) = self.tails.get(text) {
            return Ok((*id, false));
        }
        let id = self.table.push_text(text)?;
        self.texts.insert(text, id);
        Ok((id, true))
    }
}

/// A seeded hash would be safer against chosen keys, but costs a third of the encoder's time; a device encodes only
/// what its own server gave it, and collisions cost it time, nothing else.
pub(crate) type Quick = std::hash::BuildHasherDefault<QuickHasher>;

#[derive(Debug, Default)]
pub(crate) struct QuickHasher(u64);

impl QuickHasher {
    const fn mix(&mut self, word: u64) {
        let product = (self.0 ^ word) as u128 * 0x9E37_79B9_7F4A_7C15;
        self.0 = (product >> 64) as u64 ^ product as u64;
    }
}

impl std::hash::Hasher for QuickHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.mix(u64::from_le_bytes(*word)));
        let mut last = [0xff; 8];
        last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.mix(u64::from_le_bytes(last));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }
}

/// Reads 36 characters as a lower-case UUID.
pub(crate) fn parse_uuid(text: &[u8]) -> Option<[u8; 16]> {
    const GROUPS: [usize; 5] = [4, 2, 2, 2, 6];
    if text.len() != 36 {
        return None;
    }
    let mut bytes = [0; 16];
    let (mut out, mut rest) = (bytes.iter_mut(), text);
    for (group, len) in GROUPS.into_iter().enumerate() {
        if group > 0 {
            rest = rest.strip_prefix(b"-")?;
        }
        let (digits, tail) = rest.split_at_checked(2 * len)?;
        let (pairs, _) = digits.as_chunks::<2>();
        for (pair, byte) in pairs.iter().zip(&mut out) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        rest = tail;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fn format_uuid(uuid: [u8; 16]) -> [u8; 36] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    const PLACES: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let mut text = [b'-'; 36];
    let digit = |nibble: u8| HEX.get(usize::from(nibble)).copied().unwrap_or_default();
    for (byte, place) in uuid.into_iter().zip(PLACES) {
        if let Some([high, low]) = text.get_mut(place..place + 2) {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_print_back() {
        let uuid: [u8; 16] = std::array::from_fn(|i| i as u8 * 17);
        let text = format_uuid(uuid);
        assert_eq!(text, *b"00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(parse_uuid(&text), Some(uuid));
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-AABBCCDDEEFF"), None);
        assert_eq!(parse_uuid(b"0011223344-55-6677-8899-aabbccddeeff"), None);
    }
}
