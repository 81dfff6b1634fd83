//! The data and its storage: the bundle and the store, reduced to versions, chunk names and sizes.

use std::collections::{HashMap, HashSet};

use fieldcast_model::{
    Dataset, DeviceName, Digest, Fingerprint, Provenance, ServerTime, Signature, SnapshotHash, SnapshotSummary,
};
use fieldcast_wire::{ComparisonResult, Held, Offer, Receipt, ReceiptVerifier, SavedSnapshot, offer_id};

use super::rng::Rng;

/// The offered version of every dataset. Receivers have version 0 (no data), an older version, this version or a later
/// one.
const OFFERED: i64 = 9;

/// How a receiver's copy of a dataset compares with the offered one at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Nothing,
    Equal,
    /// The changes make it equal.
    Older,
    /// The changes are not enough: older records are missing.
    Diverged,
    /// Older, but with newer records of this device: it never becomes equal.
    Newer,
    /// A later version of the whole dataset.
    Ahead,
}

/// The version of a receiver's records. `Mixed` is the old version with the changes merged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    None,
    Old,
    Mixed,
    Offered,
    Kept,
    Ahead,
}

pub(crate) fn digest(dataset: usize, version: Version) -> Digest {
    Digest::from_bytes([dataset as u8 * 16 + version as u8; 32])
}

const OTTO: Fingerprint = Fingerprint([1; 32]);

/// A receiver's signature: the hash of the message, twice.
fn sign(message: &[u8]) -> [u8; 64] {
    let hash = *blake3::hash(message).as_bytes();
    std::array::from_fn(|i| hash[i % 32])
}

pub(crate) fn verifier() -> ReceiptVerifier {
    ReceiptVerifier { distributor: OTTO, is_signed: Box::new(|message, signature| sign(message) == *signature) }
}

/// A signed receipt.
pub(crate) fn receipt(offer: &Offer, saved: impl Iterator<Item = SavedSnapshot>) -> Receipt {
    let saved: Vec<_> = saved.collect();
    let signature = sign(&Receipt::signed(&OTTO, &offer_id(&OTTO, &offer.snapshots), &saved, 0));
    Receipt { saved, at: 0, signature: Signature(signature) }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Unique for each content; stands for the hash.
    pub(crate) name: u32,
    pub(crate) bytes: u32,
}

#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) dataset: usize,
    pub(crate) is_whole: bool,
    pub(crate) chunks: Vec<Chunk>,
}

/// The data that one receiver lacks. Chunks are numbered across all datasets.
#[derive(Debug, Default)]
pub(crate) struct Manifest(pub(crate) Vec<Part>);

impl Manifest {
    pub(crate) fn chunks(&self) -> impl Iterator<Item = (usize, Chunk)> + '_ {
        self.0.iter().flat_map(|part| part.chunks.iter().map(|chunk| (part.dataset, *chunk)))
    }
}

/// The distributor's data: for each dataset its whole chunks and the chunks of the changes.
#[derive(Debug)]
pub(crate) struct Bundle {
    pub(crate) whole: Vec<Vec<Chunk>>,
    pub(crate) changes: Vec<Vec<Chunk>>,
}

impl Bundle {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        let most = rng.pick(&[20_000, 100_000, 400_000, 1 << 20]);
        let datasets = rng.range(1..4) as u32;
        let chunks = |rng: &mut Rng, first: u32, count: u64| -> Vec<Chunk> {
            let chunk = |i| Chunk { name: first + i, bytes: rng.range(500..most) as u32 };
            (0..count as u32).map(chunk).collect()
        };
        let (mut whole, mut changes) = (Vec::new(), Vec::new());
        for dataset in 0..datasets {
            let count = rng.range(1..40 / u64::from(datasets));
            whole.push(chunks(rng, dataset * 1000, count));
            changes.push(chunks(rng, dataset * 1000 + 500, count.div_ceil(8)));
        }
        Self { whole, changes }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.whole.iter().flatten().map(|chunk| u64::from(chunk.bytes)).sum()
    }

    pub(crate) fn offer(&self) -> Offer {
        let snapshot = |d: usize| SnapshotSummary {
            dataset: Dataset { tenant: "mz".into(), project: "p".into(), boundary: Some(d.to_string()) },
            project_name: "Nets".into(),
            boundary_name: "Cavina".into(),
            as_of: ServerTime(OFFERED),
            records: 50,
            households: 5,
            json_bytes: 5000,
            digest: digest(d, Version::Offered),
        };
        let provenance = Provenance {
            key: [5; 32],
            name: DeviceName::new("office"),
            snapshot_hash: SnapshotHash([0x5e; 32]),
            sources: Vec::new(),
            signature: Signature([6; 64]),
        };
        let snapshots: Vec<_> = (0..self.whole.len()).map(snapshot).collect();
        Offer { provenance: vec![provenance; snapshots.len()], snapshots, bytes: self.bytes() }
    }

    /// Corresponds to the engine's `Bundle::manifest_for`.
    pub(crate) fn manifest_for(&self, held: &[Held]) -> Manifest {
        let lacking = held
            .iter()
            .enumerate()
            .filter(|(d, held)| digest(*d, Version::Offered) != held.digest && held.as_of <= ServerTime(OFFERED));
        let part = |(d, held): (usize, &Held)| {
            let is_whole = held.as_of == ServerTime(0) || held.as_of == ServerTime(OFFERED);
            self.part(d, is_whole)
        };
        Manifest(lacking.map(part).collect())
    }

    pub(crate) fn whole(&self, datasets: &[u16]) -> Manifest {
        Manifest(datasets.iter().map(|d| self.part(usize::from(*d), true)).collect())
    }

    fn part(&self, dataset: usize, is_whole: bool) -> Part {
        let chunks = if is_whole { &self.whole[dataset] } else { &self.changes[dataset] };
        Part { dataset, is_whole, chunks: chunks.clone() }
    }
}

/// The data that survives a crash of a receiver.
#[derive(Debug)]
pub(crate) struct Disk {
    pub(crate) starts: Vec<Start>,
    pub(crate) versions: Vec<Version>,
    /// The user has accepted this offer.
    pub(crate) consent: bool,
    pub(crate) staged: HashMap<u32, u32>,
    /// Chunks whose ranges were equal in the older version.
    equal_ranges: HashSet<u32>,
}

impl Disk {
    pub(crate) fn new(starts: Vec<Start>, bundle: &Bundle, rng: &mut Rng) -> Self {
        let version = |start: &Start| match start {
            Start::Nothing => Version::None,
            Start::Equal => Version::Offered,
            Start::Older | Start::Diverged | Start::Newer => Version::Old,
            Start::Ahead => Version::Ahead,
        };
        let names = bundle.whole.iter().flatten().map(|chunk| chunk.name);
        let equal_ranges = names.filter(|_| rng.percent(60)).collect();
        let versions = starts.iter().map(version).collect();
        Self { starts, versions, consent: false, staged: HashMap::new(), equal_ranges }
    }

    pub(crate) fn held(&self) -> Vec<Held> {
        let held = |(d, version): (usize, &Version)| {
            let as_of = match version {
                Version::None => 0,
                Version::Old | Version::Mixed => 5,
                Version::Offered | Version::Kept => OFFERED,
                Version::Ahead => OFFERED + 4,
            };
            let digest = if as_of == 0 { Digest::EMPTY } else { digest(d, *version) };
            Held { as_of: ServerTime(as_of), digest, records: 1, is_ahead: *version == Version::Ahead }
        };
        self.versions.iter().enumerate().map(held).collect()
    }

    /// Whether a chunk need not be sent, because it is staged or its range is already in the dataset.
    pub(crate) fn has(&self, dataset: usize, chunk: u32) -> bool {
        let in_range = match self.versions[dataset] {
            Version::None | Version::Ahead => false,
            Version::Old => self.equal_ranges.contains(&chunk),
            Version::Mixed => self.equal_ranges.contains(&chunk) || chunk % 1000 >= 500,
            Version::Offered => true,
            Version::Kept => chunk % 10 != 3, // the ranges with records of this device
        };
        in_range || self.staged.contains_key(&chunk)
    }

    /// One transaction: all or nothing. `None` if the changes were not enough; `Err` if the digest differs without a
    /// reason.
    pub(crate) fn apply(&mut self, dataset: usize, manifest: &Manifest) -> Result<Option<SavedSnapshot>, ()> {
        let part = manifest.0.iter().find(|part| part.dataset == dataset);
        if let Some(part) = part {
            let lacking = part.chunks.iter().find(|chunk| !self.has(dataset, chunk.name));
            assert!(lacking.is_none(), "partly applied: dataset {dataset} without chunk {lacking:?}");
            self.versions[dataset] = match (self.starts[dataset], part.is_whole) {
                (Start::Diverged | Start::Newer, false) => Version::Mixed,
                (Start::Newer, true) => Version::Kept,
                _ => Version::Offered,
            };
        }
        let comparison = match self.versions[dataset] {
            Version::Offered => ComparisonResult::Equal,
            Version::Kept if part.is_some() => ComparisonResult::KeptNewer { records: 2 },
            Version::Mixed if part.is_some() => return Ok(None),
            Version::Ahead => ComparisonResult::Ahead { as_of: ServerTime(OFFERED + 4) },
            _ => return Err(()),
        };
        Ok(Some(SavedSnapshot { digest: digest(dataset, self.versions[dataset]), comparison }))
    }

    /// Whether every dataset has a version that a finished exchange may leave.
    pub(crate) fn is_saved(&self) -> bool {
        let end = |start: &Start| match start {
            Start::Newer => Version::Kept,
            Start::Ahead => Version::Ahead,
            _ => Version::Offered,
        };
        self.starts.iter().map(end).eq(self.versions.iter().copied())
    }
}
