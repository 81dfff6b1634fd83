//! Seals: what a snapshot is, so that nobody can make another one of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{RecordHash, RootHash};

/// The hash of all record hashes of a snapshot. It cannot be kept up to date as a [`Digest`](crate::Digest) can; in turn
/// nobody can find other records with the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHash(pub [u8; 32]);

/// What a snapshot has in its fine ranges, each hashed by itself: BLAKE3 over the record hashes in ascending order.
/// Takes 36 bytes a range, however many records there are.
#[derive(Clone, Debug, Default)]
pub struct RangeHashes(BTreeMap<u32, [u8; 32]>);

impl RangeHashes {
    /// Adds all that the snapshot has in the fine ranges of these records, in any order. What is added to a range a second
    /// time spoils the seal: nobody may hide one set of records behind another.
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

    /// The seal of the whole: BLAKE3 over number (4 bytes, little-endian) and hash of each range that is not empty, in order.
    pub fn seal(&self) -> SnapshotHash {
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

    fn seal(parts: &[&[(RootHash, RecordHash)]]) -> SnapshotHash {
        let mut seals = RangeHashes::default();
        parts.iter().for_each(|part| seals.add(part.iter().copied()));
        seals.seal()
    }

    #[test]
    fn the_order_and_the_cut_do_not_matter() {
        let (mut records, whole) = (records(), seal(&[&records()]));
        records.reverse();
        assert_eq!(seal(&[&records]), whole);
        records.sort();
        let (first, second) = records.split_at(16); // two ranges, three ranges
        assert_eq!(seal(&[first, second]), whole);
        assert_eq!(seal(&[second, first]), whole);
    }

    #[test]
    fn every_record_its_place_and_how_often_it_comes_count() {
        let whole = seal(&[&records()]);
        for at in 0..records().len() {
            let (mut other, mut moved, mut less, mut twice) = (records(), records(), records(), records());
            other[at].1.0[31] ^= 1;
            moved[at].0 = RootHash(9 << 55);
            let one = less.remove(at);
            twice.push(one);
            for changed in [other, moved, less, twice] {
                assert_ne!(seal(&[&changed]), whole, "{at}");
            }
        }
        // A sum of hashes would not tell these from each other.
        let pair = |a: u8, b: u8| seal(&[&[(RootHash(0), RecordHash([a; 32])), (RootHash(0), RecordHash([b; 32]))]]);
        assert_ne!(pair(1, 4), pair(2, 3));
    }

    #[test]
    fn a_range_that_is_added_to_twice_spoils_it() {
        let records = records();
        assert_ne!(seal(&[&records[..1], &records]), seal(&[&records]));
        assert_ne!(seal(&[&records, &records[..0], &records]), seal(&[&records]));
    }
}
