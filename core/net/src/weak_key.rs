//! Weak public keys: with them, an attacker can create a signature for any message, or one key has several encodings.

/// The y coordinates of the points of small order, little-endian, without the sign of x.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    with_ends(1, 0, 0),
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf,
        0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20,
        0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
    ],
    with_ends(0xec, 0xff, 0x7f),
];

const fn with_ends(first: u8, middle: u8, last: u8) -> [u8; 32] {
    let mut bytes = [middle; 32];
    bytes[0] = first;
    bytes[31] = last;
    bytes
}

/// Whether an Ed25519 public key has small order or a non-canonical encoding (y at least 2^255 - 19).
pub(crate) fn is_weak(key: &[u8; 32]) -> bool {
    let mut y = *key;
    y[31] &= 0x7f;
    let is_canonical = y[0] < 0xed || y[1..31].iter().any(|byte| *byte != 0xff) || y[31] != 0x7f;
    !is_canonical || SMALL_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Identity, verify};

    #[test]
    fn rejects_keys_that_verify_unsigned_messages() {
        // With the neutral point as key, this signature is valid for every message unless the key is rejected.
        let (neutral, mut signature) = (with_ends(1, 0, 0), [0; 64]);
        signature[0] = 1;
        assert!(!verify(&neutral, b"anything", &signature));
        for key in SMALL_ORDER {
            let mut negative = key;
            negative[31] |= 0x80;
            assert!(is_weak(&key) && is_weak(&negative), "{key:?}");
        }
        for first in 0xed..=0xff {
            assert!(is_weak(&with_ends(first, 0xff, 0x7f)) && is_weak(&with_ends(first, 0xff, 0xff)), "not canonical");
        }
    }

    #[test]
    fn accepts_regular_keys() {
        for _ in 0..50 {
            assert!(!is_weak(&Identity::generate().unwrap().public_key()));
        }
        assert!(!is_weak(&with_ends(0xeb, 0xff, 0x7f)));
    }
}
