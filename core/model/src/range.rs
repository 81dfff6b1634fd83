//! Key ranges: the parts of a dataset that two devices compare and exchange.

use serde::{Deserialize, Serialize};

use crate::{Digest, RecordId};

/// The finest division for which digests are kept: 2^12 ranges per dataset. Coarser divisions are sums of these.
pub const FINE_BITS: u8 = 12;

/// The position of a family in key order: the first 63 bits of the BLAKE3 hash of its root's printed id.
///
/// 63 bits fit into SQLite's signed integer, so SQLite sorts them in the same order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RootHash(pub u64);

impl RootHash {
    /// Returns the position of the family with this root.
    pub fn of(root: &RecordId) -> Self {
        let hash = blake3::hash(root.to_string().as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(u64::from_be_bytes(first) >> 1)
    }

    /// Returns the finest range that contains it: `0..2^FINE_BITS`.
    pub fn fine_range(self) -> u32 {
        self.range(FINE_BITS)
    }

    /// Returns the range that contains it if the key space is divided into 2^`bits` ranges.
    pub fn range(self, bits: u8) -> u32 {
        if bits == 0 { 0 } else { (self.0 >> (63 - u32::from(bits.min(FINE_BITS)))) as u32 }
    }
}

/// One of the 2^`bits` equal parts of the key space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeyRange {
    /// How many times the key space is halved: `0..=FINE_BITS`.
    pub bits: u8,
    /// The index of the part: `0..2^bits`.
    pub index: u32,
}

impl KeyRange {
    /// The whole key space.
    pub const ALL: Self = Self { bits: 0, index: 0 };

    /// Returns whether bits and index are in bounds. Values from a peer may not be.
    pub const fn is_valid(self) -> bool {
        self.bits <= FINE_BITS && self.index < (1 << self.bits)
    }

    /// Returns whether a family belongs to the range.
    pub fn contains(self, hash: RootHash) -> bool {
        hash.range(self.bits) == self.index
    }

    /// Returns the first and the last root hash of the range.
    pub fn bounds(self) -> (RootHash, RootHash) {
        let width = 63 - u32::from(self.bits.min(FINE_BITS));
        let first = u64::from(self.index) << width;
        (RootHash(first), RootHash(first + ((1u64 << width) - 1)))
    }
}

/// The totals of the records that a device has in one range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeTotals {
    /// The range.
    pub range: KeyRange,
    /// The sum of the record hashes.
    pub digest: Digest,
    /// The number of records.
    pub records: u64,
    /// Bytes of the bodies' canonical JSON.
    pub json_bytes: u64,
}

impl RangeTotals {
    /// Merges totals in key order into coarser ranges. A part that is already coarser than `bits` stays unchanged.
    pub fn coarser(parts: impl IntoIterator<Item = Self>, bits: u8) -> Vec<Self> {
        let mut totals: Vec<Self> = Vec::new();
        for mut part in parts {
            let bits = bits.min(part.range.bits);
            part.range = KeyRange { bits, index: part.range.index >> (part.range.bits - bits) };
            match totals.last_mut() {
                Some(last) if last.range == part.range => *last += part,
                _ => totals.push(part),
            }
        }
        totals
    }
}

impl std::ops::AddAssign for RangeTotals {
    fn add_assign(&mut self, part: Self) {
        self.digest += part.digest;
        self.records += part.records;
        self.json_bytes += part.json_bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assigns_each_family_to_one_range() {
        for i in 0..500 {
            let hash = RootHash::of(&RecordId::parse(&format!("household-{i}")));
            for bits in 0..=FINE_BITS {
                let range = KeyRange { bits, index: hash.range(bits) };
                let (first, last) = range.bounds();
                assert!(range.is_valid() && range.contains(hash) && first <= hash && hash <= last);
            }
        }
    }

    #[test]
    fn leaves_no_gap_between_ranges() {
        for bits in 0..=FINE_BITS {
            let mut next = 0;
            for index in 0..1u32 << bits {
                let (first, last) = KeyRange { bits, index }.bounds();
                assert_eq!(first.0, next);
                next = last.0 + 1;
            }
            assert_eq!(next, 1 << 63);
        }
    }
}
