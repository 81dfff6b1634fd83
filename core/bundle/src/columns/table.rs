//! The distinct strings of a chunk. Each is written once; after that its number stands for it.

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use std::collections::HashMap;

use super::limits::MAX_TEXTS;
use super::uuid::{format_uuid, parse_uuid};
use super::uuid_v1::{TAIL_AT, UuidV1Time};
use crate::{Error, MAX_CHUNK_JSON};

/// Texts in order of first occurrence. The order is the same in encoder and decoder.
#[derive(Debug, Default)]
pub(crate) struct TextTable {
    arena: String,
    /// Where each text ends. It starts where the previous text ends.
    ends: Vec<u32>,
}

impl TextTable {
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    pub(crate) fn text(&self, id: u32) -> &str {
        let start = (id as usize).checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(id as usize).copied().unwrap_or(start);
        self.arena.get(start as usize..end as usize).unwrap_or_default()
    }

    /// Returns the 16 bytes if the text is a UUID.
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

    /// Adds the text that `write` appends. Fails if `write` returns `false`.
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

/// A [`TextTable`] that can look up texts. Only the encoder needs it.
#[derive(Debug, Default)]
pub(crate) struct Interner<'a> {
    pub(crate) table: TextTable,
    uuids: HashMap<[u8; 16], u32, Quick>,
    texts: HashMap<&'a str, u32, Quick>,
    /// Tails that do not also occur as a text in a body.
    tails: HashMap<String, u32, Quick>,
    /// The text number of the tail of each version 1 UUID.
    tail_of: HashMap<u32, u32, Quick>,
}

impl<'a> Interner<'a> {
    pub(crate) fn uuid(&mut self, uuid: [u8; 16]) -> Result<u32, Error> {
        if let Some(id) = self.uuids.get(&uuid) {
            return Ok(*id);
        }
        let tail = if UuidV1Time::of(uuid).is_some() { Some(self.tail(uuid)?) } else { None };
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

    /// The tail of a version 1 UUID: a text with a smaller number than the UUID.
    pub(crate) fn tail_of(&self, id: u32) -> Option<u32> {
        self.tail_of.get(&id).copied()
    }

    /// Returns the number of `text`, and whether it is new.
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

/// A fast hash without a seed. A seeded hash would resist chosen keys, but costs a third of the encoder's time. A
/// device encodes only data from its own server, and collisions cost only time.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_parsed_uuid_unchanged() {
        let uuid: [u8; 16] = std::array::from_fn(|i| i as u8 * 17);
        let text = format_uuid(uuid);
        assert_eq!(text, *b"00112233-4455-6677-8899-aabbccddeeff");
        assert_eq!(parse_uuid(&text), Some(uuid));
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-AABBCCDDEEFF"), None);
        assert_eq!(parse_uuid(b"0011223344-55-6677-8899-aabbccddeeff"), None);
    }
}
