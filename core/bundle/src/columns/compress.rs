//! Compresses the head of a chunk with zstd and a dictionary of text that is common in heads of DIGIT data.
//!
//! A head has only a few kilobytes, which is too little for zstd to learn the keys of the DIGIT models. The dictionary
//! halves its size. The dictionary is part of the format: change it only together with [`super::FORMAT`].

#![cfg_attr(not(test), forbid(clippy::indexing_slicing))]

use std::io;
use std::sync::OnceLock;

use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// A raw-content dictionary (zstd's term): zstd treats it as text before the input. A test in `dictionary.rs` writes
/// it.
const DICTIONARY: &[u8] = include_bytes!("dictionary.bin");

// The build includes only the zstd match finders that these two levels need: see `.cargo/config.toml`.
/// Heads up to this size use the slow level, because every byte of them is sent over the network.
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

/// Reverses [`compress`]. Returns exactly `len` bytes, or fails.
pub(crate) fn decompress(compressed: &[u8], len: usize) -> io::Result<Vec<u8>> {
    static DECODER: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
    let dictionary = DECODER.get_or_init(|| DecoderDictionary::copy(DICTIONARY));
    let mut decompressor = Decompressor::with_prepared_dictionary(dictionary)?;
    // zstd never writes more than `len` bytes.
    let plain = decompressor.decompress(compressed, len)?;
    if plain.len() == len { Ok(plain) } else { Err(io::ErrorKind::InvalidData.into()) }
}
