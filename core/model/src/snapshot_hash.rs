//! Snapshot hashes: they identify the exact records of a snapshot and cannot be forged.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{RecordHash, RootHash};

/// The hash of all record hashes of a snapshot. Unlike a [`Digest`](crate::Digest) it cannot be updated step by step;
/// in return, it is not possible to find other records with the same hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHash(pub [u8; 32]);

/// The hashes of a snapshot's fine ranges. The hash of a range is BLAKE3 over its record hashes in ascending order.
/// Needs 36 bytes per range, for any number of records.
#[derive(Clone, Debug, Default)]
pub struct RangeHashes(BTreeMap<u32, [u8; 32]>);

impl RangeHashes {
    /// Adds records, in any order. One call must contain all records of the fine ranges it touches. If a range is added
    /// twice, the snapshot hash becomes invalid, so that no one set of records can hide another.
    pub fn add(&mut self, records: impl IntoIterator<Item = (RootHash, RecordHash)>) {
        let mut ranges: BTreeMap<u32, Vec<RecordHash>> = BTreeMap::new();
        for (root, hash) in records {
            ranges.entry(root.fine_range()).or_default().push(hash);
        }
        for (range, mut hashes) in ranges {
            hashes.sort_unstable();
            let mut hasher = blake3::Hasher::new();
            if let Some(earlier) = self.0.get(&range) {
                hasher.update(earlier);
            }
            hashes.iter().for_each(|hash| _ = hasher.update(&hash.0));
            self.0.insert(range, *hasher.finalize().as_bytes());
        }
    }

    /// Returns the hash of the whole snapshot: BLAKE3 over the number (4 bytes, little-endian) and the hash of each
    /// non-empty range, in order.
    pub fn snapshot_hash(&self) -> SnapshotHash {
        let mut hasher = blake3::Hasher::new();
        for (range, hash) in &self.0 {
            hasher.update(&range.to_le_bytes()).update(hash);
        }
        SnapshotHash(*hasher.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Records in a few ranges.
    fn records() -> Vec<(RootHash, RecordHash)> {
        (0..40u8).map(|n| (RootHash(u64::from(n % 5) << 55), RecordHash([n; 32]))).collect()
    }

    fn snapshot_hash(parts: &[&[(RootHash, RecordHash)]]) -> SnapshotHash {
        let mut range_hashes = RangeHashes::default();
        parts.iter().for_each(|part| range_hashes.add(part.iter().copied()));
        range_hashes.snapshot_hash()
    }

    #[test]
    fn ignores_order_and_division() {
        let (mut records, whole) = (records(), snapshot_hash(&[&records()]));
        records.reverse();
        assert_eq!(snapshot_hash(&[&records]), whole);
        records.sort();
        let (first, second) = records.split_at(16); // two ranges, three ranges
        assert_eq!(snapshot_hash(&[first, second]), whole);
        assert_eq!(snapshot_hash(&[second, first]), whole);
    }

    #[test]
    fn depends_on_every_record_position_and_count() {
        let whole = snapshot_hash(&[&records()]);
        for at in 0..records().len() {
            let (mut other, mut moved, mut less, mut twice) = (records(), records(), records(), records());
            other[at].1.0[31] ^= 1;
            moved[at].0 = RootHash(9 << 55);
            let one = less.remove(at);
            twice.push(one);
            for changed in [other, moved, less, twice] {
                assert_ne!(snapshot_hash(&[&changed]), whole, "{at}");
            }
        }
        // A sum of the hashes would be equal for these two sets.
        let pair =
            |a: u8, b: u8| snapshot_hash(&[&[(RootHash(0), RecordHash([a; 32])), (RootHash(0), RecordHash([b; 32]))]]);
        assert_ne!(pair(1, 4), pair(2, 3));
    }

    #[test]
    fn invalidates_hash_if_range_repeats() {
        let records = records();
        assert_ne!(snapshot_hash(&[&records[..1], &records]), snapshot_hash(&[&records]));
        assert_ne!(snapshot_hash(&[&records, &records[..0], &records]), snapshot_hash(&[&records]));
    }
}
