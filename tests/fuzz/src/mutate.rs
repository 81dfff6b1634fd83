//! Mutations behind zstd: decompresses the head of a chunk, changes it, compresses it again and corrects the sizes.

use std::sync::OnceLock;

use libfuzzer_sys::fuzzer_mutate;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

const DICTIONARY: &[u8] = include_bytes!("../../../core/bundle/src/columns/dictionary.bin");
/// Maximum size of a head in bytes. Larger heads take too much time.
const MAX_HEAD: usize = 1 << 18;
/// Maximum growth of a part in one mutation, in bytes.
const MAX_GROWTH: usize = 64;

/// The parts of a chunk. `numbers`: records, JSON bytes. `streams`: structure, lengths, texts, coded, raw.
struct Parts {
    numbers: [u64; 2],
    streams: [Vec<u8>; 5],
}

/// Changes one part of a chunk or, one time in four, its raw bytes.
pub fn mutate_chunk(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    if !seed.is_multiple_of(4)
        && let Some(mut parts) = Parts::read(&data[..size])
    {
        parts.mutate(seed / 4);
        if let Some(bytes) = parts.write().filter(|bytes| bytes.len() <= max_size.min(data.len())) {
            data[..bytes.len()].copy_from_slice(&bytes);
            return bytes.len();
        }
    }
    fuzzer_mutate(data, size, max_size)
}

impl Parts {
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(&[1])?;
        let mut numbers = [0usize; 7];
        for number in &mut numbers {
            *number = usize::try_from(take_number(&mut rest)?).ok()?;
        }
        let [records, json, structure, lengths, texts, compressed, coded] = numbers;
        let total = structure.checked_add(lengths)?.checked_add(texts).filter(|total| *total <= MAX_HEAD)?;
        let (compressed, rest) = rest.split_at_checked(compressed)?;
        let (coded, raw) = rest.split_at_checked(coded)?;
        static READ: OnceLock<DecoderDictionary<'static>> = OnceLock::new();
        let dictionary = READ.get_or_init(|| DecoderDictionary::copy(DICTIONARY));
        let head = Decompressor::with_prepared_dictionary(dictionary).ok()?.decompress(compressed, total).ok()?;
        let (structure, head) = head.split_at_checked(structure)?;
        let (lengths, texts) = head.split_at_checked(lengths)?;
        let streams = [structure, lengths, texts, coded, raw].map(<[u8]>::to_vec);
        Some(Self { numbers: [records as u64, json as u64], streams })
    }

    fn mutate(&mut self, seed: u32) {
        let which = (seed % 8) as usize;
        match self.streams.get_mut(which) {
            Some(stream) => {
                let len = stream.len();
                stream.resize(len + MAX_GROWTH, 0);
                let len = fuzzer_mutate(stream, len, len + MAX_GROWTH);
                stream.truncate(len);
            }
            None => {
                let number = &mut self.numbers[which % 2];
                let mut bytes = number.to_le_bytes();
                fuzzer_mutate(&mut bytes, 8, 8);
                *number =
                    if seed.is_multiple_of(3) { *number ^ 1 << (seed / 8 % 20) } else { u64::from_le_bytes(bytes) };
            }
        }
    }

    fn write(&self) -> Option<Vec<u8>> {
        static WRITE: OnceLock<EncoderDictionary<'static>> = OnceLock::new();
        let dictionary = WRITE.get_or_init(|| EncoderDictionary::copy(DICTIONARY, 1));
        let [structure, lengths, texts, coded, raw] = &self.streams;
        let head = [&structure[..], lengths, texts].concat();
        let mut compressor = Compressor::with_prepared_dictionary(dictionary).ok()?;
        compressor.include_contentsize(false).ok()?;
        compressor.include_dictid(false).ok()?;
        let compressed = compressor.compress(&head).ok()?;
        let mut out = vec![1];
        let sizes = [structure, lengths, texts, &compressed, coded].map(|stream| stream.len() as u64);
        self.numbers.iter().chain(&sizes).for_each(|number| put_number(&mut out, *number));
        [&compressed, coded, raw].iter().for_each(|stream| out.extend_from_slice(stream));
        Some(out)
    }
}

fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Some(value);
        }
    }
    None
}

fn put_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
