//! The history of one record: when it was made, how often it changed, and whether it is deleted.
//!
//! No history is stored. For each past epoch the record's key decides whether the record changed. The state of a record
//! is therefore a function of (seed, epochs), and a million families can change without being generated.

use crate::clock::{CLOCK_BASE_MS, DAY_MS, HOUR_MS, MINUTE_MS};
use crate::key::SeedKey;

/// Out of 100 records that an epoch changes, this many are edits of existing records; the others are new (see
/// `household`).
const EDITS_OF_100: u64 = 80;

/// How long a visit to a family takes.
const VISIT_MS: i64 = 20 * MINUTE_MS;

const LIFE: u64 = 1;
const EDIT: u64 = 2;

/// One step of the campaign: the share of the records that changed in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch {
    pub(crate) permille: u32,
}

impl Epoch {
    /// Households that this epoch adds to those numbered `from..to`. Cumulative rounding gives exact sums without a
    /// table.
    pub(crate) fn added(self, from: u64, to: u64) -> u64 {
        to * u64::from(self.permille) / 10_000 - from * u64::from(self.permille) / 10_000
    }
}

/// The campaign clock after `epochs` epochs.
pub(crate) fn now(epochs: usize) -> i64 {
    CLOCK_BASE_MS + epochs as i64 * DAY_MS
}

/// The time of a draw within epoch `number` (from 1): after the clock of the previous epoch, before its own, on the
/// same day.
pub(crate) fn moment_of(number: usize, draw: u64) -> i64 {
    now(number - 1) + HOUR_MS + (draw % (14 * HOUR_MS as u64)) as i64
}

/// When a record was made and who made it. Epoch 0 is the registration before the base time. The rows of one visit
/// share these values, because one phone registers a family in a few minutes and uploads it in one batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) epoch: usize,
    /// Device clock at the start of the visit, ms.
    pub(crate) at: i64,
    /// How long the phone kept the records until it had a network, ms.
    pub(crate) kept: i64,
    /// The draw that selects the worker.
    pub(crate) by: u64,
}

impl Birth {
    /// A registration before the base time, drawn from `key`.
    pub(crate) fn registered(at: i64, key: SeedKey, by: u64) -> Self {
        Self { epoch: 0, at, kept: (key.child(LIFE).bits() % (6 * HOUR_MS as u64)) as i64, by }
    }

    /// A record made in epoch `number`. The phone keeps it only for a minute, so that the server time stays in the
    /// epoch.
    pub(crate) fn in_epoch(number: usize, key: SeedKey) -> Self {
        let draw = key.child(LIFE).bits();
        Self { epoch: number, at: moment_of(number, draw), kept: MINUTE_MS, by: draw >> 32 }
    }
}

/// The state of a record after its history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Life {
    /// Device clock at creation, ms.
    pub(crate) made: i64,
    /// Server clock at creation, ms.
    pub(crate) created: i64,
    /// Server clock at the last change, ms.
    pub(crate) modified: i64,
    pub(crate) version: u32,
    pub(crate) deleted: bool,
    /// False for the few old rows without audit details.
    pub(crate) audited: bool,
    /// The draws that select the creator and the last editor.
    pub(crate) by: (u64, u64),
}

impl Life {
    /// Computes the state of the record of `key` from the epochs since it was made.
    pub(crate) fn follow(key: SeedKey, birth: Birth, epochs: &[Epoch]) -> Self {
        let mut life = Self::born(key.child(LIFE), birth);
        for (index, epoch) in epochs.iter().enumerate().skip(birth.epoch) {
            let draw = key.child(EDIT).child(index as u64);
            if life.deleted {
                break;
            }
            if draw.chance(u64::from(epoch.permille) * EDITS_OF_100, 100_000) {
                let mut rng = draw.rng();
                life.version += 1;
                life.modified = moment_of(index + 1, rng.next());
                life.deleted = rng.chance(8, 100);
                life.audited = true;
                life.by.1 = rng.next();
            }
        }
        life
    }

    fn born(key: SeedKey, birth: Birth) -> Self {
        let mut rng = key.rng();
        let made = birth.at + rng.below(VISIT_MS as u64) as i64;
        let created = birth.at + VISIT_MS + birth.kept + rng.below(2_000) as i64;
        let by = (birth.by, birth.by);
        let mut life = Self { made, created, modified: created, version: 1, deleted: false, audited: true, by };
        if birth.epoch == 0 {
            if rng.chance(15, 100) {
                life.version += 1;
                life.modified += rng.below(3 * HOUR_MS as u64) as i64;
                life.by.1 = rng.next();
                life.deleted = rng.chance(5, 100);
            }
            life.audited = !rng.chance(1, 400);
        }
        life
    }
}
