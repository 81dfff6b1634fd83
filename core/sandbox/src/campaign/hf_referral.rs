//! Referrals made at health facilities. There are few; they belong to the whole project, and every page repeats them.

use super::life::Birth;
use super::moment::Moment;
use super::names;
use super::people::CampaignProject;
use crate::clock::{CAMPAIGN_DAYS, HOUR_MS, morning};
use crate::entity::{AdditionalFields, Field, HfReferral};

/// The project's HF referrals: one per 250 households, at least 3 and at most 40.
pub(super) fn draw<'a>(moment: &'a Moment, project: &'a CampaignProject) -> Vec<HfReferral<'a>> {
    let count = (moment.plan().households / 250).clamp(3, 40);
    (0..count).map(|n| one(moment, project, n)).collect()
}

fn one<'a>(moment: &'a Moment, project: &'a CampaignProject, n: u64) -> HfReferral<'a> {
    let key = project.key.child(70).child(n);
    let mut rng = key.child(1).rng();
    let at = morning(rng.below(CAMPAIGN_DAYS)) + rng.below(9) as i64 * HOUR_MS;
    let leaf = rng.below(moment.leaves().len() as u64) as usize;
    let life = moment.life(key, Birth::registered(at, key, key.bits()));
    let mut edited = key.child(2).child(u64::from(life.version)).rng();
    let fields = vec![
        Field::new("boundaryCode", moment.leaves()[leaf].code.clone()),
        Field::new("nameOfReferral", format!("{} {}", rng.pick(names::WOMEN), rng.pick(names::FAMILIES))),
        Field::new("cycle", "01"),
    ];
    let fields = AdditionalFields { schema: "HFReferral", version: 1, fields };
    HfReferral {
        base: moment.base(key, key.child(8).uuid().to_string(), &life, Some(fields)),
        project_id: &project.id,
        project_facility_id: format!("PF-2025-06-11-{:06}", 1 + rng.below(60)),
        symptom: edited.pick(names::REASONS),
        symptom_survey_id: (),
        beneficiary_id: rng.chance(1, 2).then(|| format!("MZ25{:08}", rng.below(100_000_000))),
        referral_code: edited.chance(1, 2).then(|| format!("REF{:07}", edited.below(10_000_000))),
        national_level_id: (),
        leaf,
    }
}
