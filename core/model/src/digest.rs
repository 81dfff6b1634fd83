//! Digests: cheap, exact comparison of what two devices hold, whatever bytes they hold it in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The BLAKE3 hash of one record, envelope and canonical body; made by [`Record::hash`](crate::Record::hash).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordHash(pub [u8; 32]);

/// The sum, modulo 2^256, of the hashes of a set of records.
///
/// A sum can be kept up to date by one addition and one subtraction when a record changes, is the same in any order,
/// and adds up over ranges. It says whether two honest devices agree; against forgery guard the chunk hashes and, for what
/// is handed on, the [`SnapshotHash`](crate::Seal), not the digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of no records.
    pub const EMPTY: Self = Self([0; 32]);

    /// The digest whose stored form is `bytes`.
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

    /// Takes a record out of the set; it must be in it.
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

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a digest: 64 hexadecimal digits are needed")]
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
        fn order_does_not_matter_and_removal_undoes_insertion(hashes: Vec<[u8; 32]>, extra: [u8; 32]) {
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
    fn sums_carry_over_bytes() {
        let mut digest = Digest::from_bytes([0xff; 32]);
        let mut one = [0; 32];
        one[0] = 1;
        digest.insert(RecordHash(one));
        assert_eq!(digest, Digest::EMPTY);
    }
}
