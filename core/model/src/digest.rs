//! Digests: a cheap and exact way to compare the records of two devices, independent of how they store them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The BLAKE3 hash of one record: envelope and canonical body. [`Record::hash`](crate::Record::hash) computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordHash(pub [u8; 32]);

/// The sum, modulo 2^256, of the hashes of a set of records.
///
/// When a record changes, one addition and one subtraction update the sum. The order does not matter, and the sums of
/// ranges add up to the sum of the whole. A digest shows whether two honest devices have the same records. It does not
/// protect against forgery: the chunk hashes do, and for data that is passed on, the
/// [`SnapshotHash`](crate::SnapshotHash).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of an empty set.
    pub const EMPTY: Self = Self([0; 32]);

    /// Makes a digest from its stored form.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The stored form: the sum as a little-endian number.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Adds a record to the set.
    pub fn insert(&mut self, hash: RecordHash) {
        *self += Self(hash.0);
    }

    /// Removes a record from the set. The record must be in the set.
    pub fn remove(&mut self, hash: RecordHash) {
        let mut one = true; // a - b = a + !b + 1
        for (a, b) in self.0.iter_mut().zip(hash.0) {
            let (sum, carry_a) = a.overflowing_add(!b);
            let (sum, carry_b) = sum.overflowing_add(u8::from(one));
            *a = sum;
            one = carry_a || carry_b;
        }
    }
}

impl std::ops::AddAssign for Digest {
    fn add_assign(&mut self, other: Self) {
        let mut carry = false;
        for (a, b) in self.0.iter_mut().zip(other.0) {
            let (sum, carry_a) = a.overflowing_add(b);
            let (sum, carry_b) = sum.overflowing_add(u8::from(carry));
            *a = sum;
            carry = carry_a || carry_b;
        }
    }
}

impl std::iter::Sum for Digest {
    fn sum<I: Iterator<Item = Self>>(digests: I) -> Self {
        digests.fold(Self::EMPTY, |mut sum, digest| {
            sum += digest;
            sum
        })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest; enter 64 hexadecimal digits")]
pub struct ParseDigestError;

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        crate::device::parse_hex(text).map(Self).ok_or(ParseDigestError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ignores_order_and_reverses_insertion(hashes: Vec<[u8; 32]>, extra: [u8; 32]) {
            let digest = |hashes: &mut dyn Iterator<Item = [u8; 32]>| {
                let mut digest = Digest::EMPTY;
                hashes.for_each(|hash| digest.insert(RecordHash(hash)));
                digest
            };
            let forward = digest(&mut hashes.iter().copied());
            prop_assert_eq!(forward, digest(&mut hashes.iter().rev().copied()));
            let mut changed = forward;
            changed.insert(RecordHash(extra));
            changed.remove(RecordHash(extra));
            prop_assert_eq!(forward, changed);
            prop_assert_eq!(forward.to_string().parse::<Digest>(), Ok(forward));
        }
    }

    #[test]
    fn carries_sum_across_bytes() {
        let mut digest = Digest::from_bytes([0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        digest.insert(RecordHash(one));
        assert_eq!(digest, Digest::EMPTY);
    }
}
