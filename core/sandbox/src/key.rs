//! The source of every generated value: a tree of 64-bit keys. Each key is a pure function of its path.
//!
//! Household 731 of village 12 has its own key, so any page can be generated without the pages before it. The mixing
//! function is SplitMix64 (Steele, Lea, Flood 2014): a few instructions per draw and statistically good, but not
//! cryptographically secure.

use crate::uuid::Uuid;

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// A node of the key tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeedKey(u64);

impl SeedKey {
    /// The root key of a campaign.
    pub(crate) const fn root(seed: u64) -> Self {
        Self(finish(seed.wrapping_add(GOLDEN)))
    }

    /// The child key with this `tag`.
    pub(crate) const fn child(self, tag: u64) -> Self {
        Self(finish(self.0.wrapping_add(finish(tag ^ GOLDEN))))
    }

    /// 64 pseudo-random bits.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// True for `n` out of `of` keys.
    pub(crate) const fn chance(self, n: u64, of: u64) -> bool {
        self.0 % of < n
    }

    /// A random (version 4) UUID.
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::random(finish(self.0 ^ 0xA5A5), finish(self.0 ^ 0x5A5A_0000))
    }

    /// A stream of draws for the fields of one record.
    pub(crate) const fn rng(self) -> Rng {
        Rng(self.0)
    }
}

/// A stream of draws.
#[derive(Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        finish(self.0)
    }

    /// A number in 0..`end`; 0 if `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True for `n` out of `of` draws.
    pub(crate) fn chance(&mut self, n: u64, of: u64) -> bool {
        self.below(of) < n
    }

    /// One of `items`, which must not be empty.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[(self.next() % items.len() as u64) as usize]
    }

    /// A number in -1.0..1.0, more often near 0, for locations around a village.
    pub(crate) fn around(&mut self) -> f64 {
        (self.below(2_000_001) as f64 + self.below(2_000_001) as f64) / 2_000_000.0 - 1.0
    }
}

const fn finish(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
