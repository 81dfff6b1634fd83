//! Bytes from a hostile peer: the decoder rejects them, never panics, and never uses more memory than the limits allow.

use fieldcast_bundle::{CHUNK_JSON_TARGET, Error, MAX_CHUNK_BYTES, decode_chunk, encode_chunk, range_bits};
use fieldcast_model::FINE_BITS;
use proptest::prelude::*;

use crate::campaign::campaign;
use crate::common::record;

#[test]
fn rejects_truncated_chunk() {
    let bytes = encode_chunk(&campaign(3, 2)).unwrap().bytes;
    for len in 0..bytes.len() {
        assert!(decode_chunk(&bytes[..len]).is_err(), "{len}");
    }
}

#[test]
fn rejects_chunk_with_trailing_bytes() {
    let mut bytes = encode_chunk(&campaign(3, 2)).unwrap().bytes;
    bytes.push(0);
    assert!(decode_chunk(&bytes).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn survives_changed_bytes(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut bytes = chunk();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        // A change can produce another valid chunk by chance. The encoder must then accept its records.
        if let Ok(records) = decode_chunk(&bytes) {
            prop_assert!(encode_chunk(&records).is_ok());
        }
    }

    #[test]
    fn survives_changed_head(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let bytes = with_head(&chunk(), |head| {
            for (at, byte) in &changes {
                let at = at.index(head.len());
                head[at] = *byte;
            }
        });
        if let Ok(records) = decode_chunk(&bytes) {
            prop_assert!(encode_chunk(&records).is_ok());
        }
    }

    #[test]
    fn survives_random_bytes(mut bytes: Vec<u8>) {
        _ = decode_chunk(&bytes);
        bytes.insert(0, 1);
        _ = decode_chunk(&bytes);
    }
}

fn chunk() -> Vec<u8> {
    use std::sync::OnceLock;
    static CHUNK: OnceLock<Vec<u8>> = OnceLock::new();
    CHUNK.get_or_init(|| encode_chunk(&campaign(4, 4)).unwrap().bytes).clone()
}

/// Returns the chunk with a change in its uncompressed head: damage that zstd would otherwise detect.
fn with_head(bytes: &[u8], change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let (numbers, rest) = preface(bytes);
    let [records, json, structure, lengths, texts, compressed, coded] = numbers;
    let total = (structure + lengths + texts) as usize;
    let mut head = decompress(&rest[..compressed as usize], total);
    change(&mut head);
    let head_bytes = zstd::bulk::compress(&head, 1).unwrap();
    let mut out = vec![bytes[0]];
    for number in [records, json, structure, lengths, texts, head_bytes.len() as u64, coded] {
        put(&mut out, number);
    }
    [&out[..], &head_bytes, &rest[compressed as usize..]].concat()
}

fn decompress(compressed: &[u8], total: usize) -> Vec<u8> {
    let dictionary = include_bytes!("../../src/columns/dictionary.bin");
    zstd::bulk::Decompressor::with_dictionary(dictionary).unwrap().decompress(compressed, total).unwrap()
}

fn preface(bytes: &[u8]) -> ([u64; 7], &[u8]) {
    let mut numbers = [0; 7];
    let mut at = 1;
    for number in &mut numbers {
        for shift in (0..).step_by(7) {
            *number |= u64::from(bytes[at] & 0x7f) << shift;
            at += 1;
            if bytes[at - 1] < 0x80 {
                break;
            }
        }
    }
    (numbers, &bytes[at..])
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[test]
fn rejects_decompression_bomb_in_head() {
    // 64 MiB of zeros compress to a few kilobytes. The decoder never produces more bytes than the declared size.
    let bomb = zstd::bulk::compress(&vec![0; 64 << 20], 3).unwrap();
    for announced in [16u64, (64 << 20) - 1, 64 << 20, 1 << 40] {
        let mut bytes = vec![1];
        for number in [1, 1, announced, 0, 0, bomb.len() as u64, 0] {
            put(&mut bytes, number);
        }
        bytes.extend_from_slice(&bomb);
        assert!(decode_chunk(&bytes).is_err());
    }
}

#[test]
fn rejects_oversized_chunk_on_both_sides() {
    assert!(matches!(decode_chunk(&vec![1; MAX_CHUNK_BYTES + 1]), Err(Error::TooLarge { .. })));
    let body = format!("\"{}\"", "x".repeat(17 << 20));
    let records = vec![record("X", "x", "x", &body); 4];
    assert!(matches!(encode_chunk(&records), Err(Error::TooLarge { .. })));
    assert!(matches!(decode_chunk(&[2, 0]), Err(Error::UnknownFormat { found: 2, known: 1 })));
}

#[test]
fn sizes_ranges_near_target() {
    assert_eq!(range_bits(0), 0);
    assert_eq!(range_bits(CHUNK_JSON_TARGET), 0);
    assert_eq!(range_bits(2 * CHUNK_JSON_TARGET), 1);
    assert_eq!(range_bits(u64::MAX), FINE_BITS);
    for size in (1..4_000).map(|n| n * 100_000u64) {
        let chunk = size >> range_bits(size);
        assert!(
            size < CHUNK_JSON_TARGET * 3 / 2 || (CHUNK_JSON_TARGET * 2 / 3..CHUNK_JSON_TARGET * 3 / 2).contains(&chunk)
        );
    }
}
