//! Selects the bits to flip from a seed, so that a run can be repeated.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::Outcome;

/// The page size of SQLite.
const PAGE: usize = 4096;
/// The size of the database header.
const HEADER: usize = 100;
/// The maximum distance of a flipped bit from a found text, in bytes.
const NEAR: usize = 32;

pub(super) const DATABASE: &str = "fieldcast.db";
pub(super) const LOG: &str = "fieldcast.db-wal";
pub(super) const COPY: &str = "fieldcast-copy.db";

/// The target of the damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Anywhere in the database.
    Database,
    /// The header of the database.
    Header,
    /// The pages of a cached chunk.
    Cache,
    /// The pages of a staged chunk.
    Staging,
    /// Anywhere in the write-ahead log.
    Log,
    /// Anywhere in the copy of edits and settings.
    Copy,
    /// In the database, near edits, policy or trust data.
    Kept,
    /// Two bits anywhere in the database.
    Twice,
    /// Near edits, policy or trust data, in the database and in the copy.
    Both,
}

impl Target {
    pub(super) const ALL: [Self; 9] = [
        Self::Database,
        Self::Header,
        Self::Cache,
        Self::Staging,
        Self::Log,
        Self::Copy,
        Self::Kept,
        Self::Twice,
        Self::Both,
    ];
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Database => "database",
            Self::Header => "header",
            Self::Cache => "chunk cache",
            Self::Staging => "staging",
            Self::Log => "log",
            Self::Copy => "copy",
            Self::Kept => "edits, policy",
            Self::Twice => "two bits",
            Self::Both => "database and copy",
        })
    }
}

/// One bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flip {
    file: &'static str,
    offset: usize,
    bit: u8,
}

impl Flip {
    /// Flips it in the file in a device's folder.
    pub(super) fn apply(self, folder: &Path) -> Outcome<()> {
        let path = folder.join(self.file);
        let mut bytes = fs::read(&path)?;
        *bytes.get_mut(self.offset).ok_or("the bit is beyond the end of the file")? ^= 1 << self.bit;
        Ok(fs::write(path, bytes)?)
    }
}

impl fmt::Display for Flip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} byte {} bit {}", self.file, self.offset, self.bit)
    }
}

/// The byte ranges of each target in the files.
pub(super) struct Areas {
    database: Vec<Range<usize>>,
    log: Vec<Range<usize>>,
    copy: Vec<Range<usize>>,
    cache: Vec<Range<usize>>,
    staging: Vec<Range<usize>>,
    kept: Vec<Range<usize>>,
    kept_in_copy: Vec<Range<usize>>,
}

impl Areas {
    /// Finds the ranges in a device's folder, from the bytes of its chunks, the texts of its edits and settings, and
    /// the log length.
    pub(super) fn of(folder: &Path, log: usize, chunks: [&[Vec<u8>]; 2], kept: &[Vec<u8>]) -> Outcome<Self> {
        let (database, copy) = (fs::read(folder.join(DATABASE))?, fs::read(folder.join(COPY))?);
        let areas = Self {
            cache: pages_of(&database, chunks[0]),
            staging: pages_of(&database, chunks[1]),
            kept: around(&database, kept),
            kept_in_copy: around(&copy, kept),
            database: only(0..database.len()),
            log: only(0..log),
            copy: only(0..copy.len()),
        };
        let all = [&areas.cache, &areas.staging, &areas.log, &areas.kept, &areas.kept_in_copy];
        if all.iter().any(|area| length(area) == 0) {
            Err("the files do not contain every target".into())
        } else {
            Ok(areas)
        }
    }

    /// Selects the target and the bits for one database of a run.
    pub(super) fn flips(&self, seed: u64, number: u64) -> (Target, Vec<Flip>) {
        let target = Target::ALL[(number % Target::ALL.len() as u64) as usize];
        let mut draws = Draws(seed.wrapping_mul(1 << 32).wrapping_add(number));
        let header = only(0..HEADER);
        let bits: Vec<(&'static str, &[Range<usize>])> = match target {
            Target::Database => vec![(DATABASE, &self.database)],
            Target::Header => vec![(DATABASE, &header)],
            Target::Cache => vec![(DATABASE, &self.cache)],
            Target::Staging => vec![(DATABASE, &self.staging)],
            Target::Log => vec![(LOG, &self.log)],
            Target::Copy => vec![(COPY, &self.copy)],
            Target::Kept => vec![(DATABASE, &self.kept)],
            Target::Twice => vec![(DATABASE, &self.database), (DATABASE, &self.database)],
            Target::Both => vec![(DATABASE, &self.kept), (COPY, &self.kept_in_copy)],
        };
        (target, bits.into_iter().map(|(file, area)| draws.flip(file, area)).collect())
    }
}

fn only(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

fn length(area: &[Range<usize>]) -> usize {
    area.iter().map(Range::len).sum()
}

/// Returns the pages that contain bytes of one of these chunks.
fn pages_of(file: &[u8], chunks: &[Vec<u8>]) -> Vec<Range<usize>> {
    let is_part = |bytes: &[u8]| chunks.iter().any(|chunk| chunk.windows(bytes.len()).any(|window| window == bytes));
    let is_of = |page: &[u8]| [64, PAGE / 2, PAGE - NEAR].iter().any(|at| is_part(&page[*at..at + NEAR]));
    let pages = file.chunks_exact(PAGE).enumerate().filter(|(_, page)| is_of(page));
    pages.map(|(number, _)| number * PAGE..(number + 1) * PAGE).collect()
}

/// Returns the ranges of these texts and the bytes near them.
fn around(file: &[u8], texts: &[Vec<u8>]) -> Vec<Range<usize>> {
    let of = |text: &Vec<u8>| {
        let found = file.windows(text.len()).enumerate().filter(|(_, window)| window == text);
        found.map(|(at, _)| at.saturating_sub(NEAR)..(at + text.len() + NEAR).min(file.len())).collect::<Vec<_>>()
    };
    texts.iter().flat_map(of).collect()
}

/// splitmix64
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }

    fn flip(&mut self, file: &'static str, area: &[Range<usize>]) -> Flip {
        let mut at = self.below(length(area));
        let mut offset = 0;
        for range in area {
            if at < range.len() {
                offset = range.start + at;
                break;
            }
            at -= range.len();
        }
        Flip { file, offset, bit: self.below(8) as u8 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_run_and_stays_inside_target() {
        let areas = Areas {
            database: only(0..90_000),
            log: only(0..10),
            copy: only(0..5_000),
            cache: vec![8_192..12_288, 40_960..45_056],
            staging: only(4_096..8_192),
            kept: only(100..110),
            kept_in_copy: only(7..9),
        };
        for number in 0..900 {
            let (target, flips) = areas.flips(3, number);
            assert_eq!((target, flips.clone()), areas.flips(3, number));
            let offsets: Vec<usize> = flips.iter().map(|flip| flip.offset).collect();
            match target {
                Target::Cache => assert!(areas.cache.iter().any(|range| range.contains(&offsets[0]))),
                Target::Header => assert!(offsets[0] < HEADER),
                Target::Both => assert!(areas.kept[0].contains(&offsets[0]) && (7..9).contains(&offsets[1])),
                _ => {}
            }
        }
        assert_ne!(areas.flips(3, 0), areas.flips(4, 0));
    }

    #[test]
    fn finds_chunk_pages_and_text_positions() {
        let chunk: Vec<u8> = (0..6_000_u32).flat_map(u32::to_le_bytes).collect();
        let mut file = vec![0; 3 * PAGE];
        file[PAGE + 4..2 * PAGE].copy_from_slice(&chunk[..PAGE - 4]);
        assert_eq!(pages_of(&file, &[chunk]), only(PAGE..2 * PAGE));
        file[10..14].copy_from_slice(b"text");
        assert_eq!(around(&file, &[b"text".to_vec()]), only(0..46));
    }
}
