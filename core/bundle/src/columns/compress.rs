//! zstd over a chunk's head, primed with what the heads of DIGIT data have in common.
//!
//! A head is some kilobytes, too little for zstd to learn the keys of DIGIT's models from; with them in a dictionary it
//! is half as large. The dictionary belongs to the format: it can change only together with [`super::FORMAT`].

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use std::io;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Raw content, as zstd calls it: text that might have stood in front. Made by the test below.
const DICTIONARY: &[u8] = include_bytes!("dictionary.bin");

// Of the ways zstd has to look for matches only those of these levels are built: see `.cargo/config.toml`.
/// Heads up to here are worth the slow levels: every byte of them goes over the air.
const SMALL: usize = 1 << 16;
const SLOW: i32 = 12;
const FAST: i32 = 3;

/// Compresses a head.
pub(crate) fn compress(plain: &[u8]) -> io::Result<Vec<u8>> {
    static FOR_SMALL: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
    static FOR_LARGE: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
    let dictionary = if plain.len() <= SMALL {
        FOR_SMALL.get_or_init(|| EncoderDictionary::copy(DICTIONARY, SLOW))
    } else {
        FOR_LARGE.get_or_init(|| EncoderDictionary::copy(DICTIONARY, FAST))
    };
    let mut compressor = Compressor::with_prepared_dictionary(dictionary)?;
    compressor.include_contentsize(false)?;
    compressor.include_checksum(false)?;
    compressor.include_dictid(false)?;
    compressor.compress(plain)
}

/// Undoes [`compress`]; makes `len` bytes, or fails.
pub(crate) fn unsqueeze(compressed: &[u8], len: usize) -> io::Result<Vec<u8>> {
    static DECODER: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
    let dictionary = DECODER.get_or_init(|| DecoderDictionary::copy(DICTIONARY));
    let mut decompressor = Decompressor::with_prepared_dictionary(dictionary)?;
    // It writes no more than it is given room for.
    let plain = decompressor.decompress(compressed, len)?;
    if plain.len() == len { Ok(plain) } else { Err(io::ErrorKind::InvalidData.into()) }
}
