//! The position of a household in the campaign.

use super::life::{Birth, now};
use super::moment::Moment;
use crate::clock::{CAMPAIGN_DAYS, Date, HOUR_MS, morning};
use crate::key::SeedKey;

/// A household's key, birth and server id.
pub(super) struct HouseholdSeed {
    pub(super) key: SeedKey,
    pub(super) birth: Birth,
    pub(super) id: String,
}

impl HouseholdSeed {
    /// Returns the slot of household `n` of the leaf.
    pub(super) fn of(moment: &Moment, leaf: usize, n: u64) -> Self {
        let plan = moment.plan();
        let place = &plan.places.leaves[leaf];
        let key = place.key.child(20);
        if n < place.households {
            let all = plan.households.max(1);
            let global = place.start + n;
            let day = global * CAMPAIGN_DAYS / all;
            let first = (day * all).div_ceil(CAMPAIGN_DAYS);
            let hours = (global - first) as f64 / (all as f64 / CAMPAIGN_DAYS as f64) * 10.0;
            let at = morning(day) + (hours * HOUR_MS as f64) as i64;
            let key = key.child(n);
            // A team of four visits each village.
            let birth = Birth::registered(at, key, place.key.bits() % 1_000 + key.bits() % 4);
            return Self { key, birth, id: household_id(at, global - first + 1) };
        }
        let mut rest = n - place.households;
        for (index, epoch) in moment.epochs().iter().enumerate() {
            let here = epoch.added(place.start, place.start + place.households);
            if rest < here {
                let key = key.child(index as u64 + 1).child(1 << 40).child(rest);
                let number = epoch.added(0, place.start) + rest + 1;
                let birth = Birth::in_epoch(index + 1, key);
                return Self { key, birth, id: household_id(now(index), number) };
            }
            rest -= here;
        }
        Self { key, birth: Birth::registered(now(0), key, 0), id: String::new() }
    }
}

fn household_id(at: i64, number: u64) -> String {
    let Date { year, month, day } = Date::of(at);
    format!("H-{year:04}-{month:02}-{day:02}-{number:06}")
}
