//! One family: the household and all its records.

use super::delivery;
use super::family::Family;
use super::home::{HOME, Home};
use super::life::Birth;
use super::moment::Moment;
use super::people::{BeneficiaryKind, CampaignProject};
use super::person::{self, Person};
use super::slot::HouseholdSeed;
use crate::entity::{AdditionalFields, Checklist, ChecklistAnswer, Field, Household, ServiceAttribute, ServiceFields};

/// Family sizes to draw from: 2 to 8, five on average.
const SIZES: &[u64] = &[2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 7, 8];

/// A new member adds three records. At this rate (out of 100,000 per per-mille) new members are a twentieth of all
/// changes.
const JOINS: u64 = 30;

const PERSON: u64 = 30;
const JOIN: u64 = 31;
const CHECKLIST: u64 = 32;

/// Generates the family of `slot` in its state at `moment`.
pub(super) fn draw<'a>(
    moment: &'a Moment,
    project: &'a CampaignProject,
    leaf: usize,
    slot: &HouseholdSeed,
) -> Family<'a> {
    let home = Home::draw(moment, project, &moment.leaves()[leaf], slot);
    let size = home.key.child(HOME).child(1).rng().pick(SIZES);
    let people = people(&home, size);
    let mut family = Family {
        household: household(&home, size),
        members: Vec::with_capacity(people.len()),
        individuals: Vec::with_capacity(people.len()),
        beneficiaries: Vec::with_capacity(people.len()),
        tasks: Vec::new(),
        side_effects: Vec::new(),
        referrals: Vec::new(),
        services: Vec::new(),
    };
    for person in &people {
        person::write(&home, person, &mut family);
    }
    if project.beneficiary_type == BeneficiaryKind::Household {
        delivery::to_household(&home, &mut family);
    }
    if moment.plan().services && home.key.child(CHECKLIST).chance(1, 4) {
        family.services.push(checklist(&home));
    }
    family
}

/// All members of the family: first those registered with the household, then those who joined later.
fn people(home: &Home<'_>, size: u64) -> Vec<Person> {
    let born = (0..size).map(|n| Person { key: home.key.child(PERSON).child(n), birth: home.birth, number: n });
    let mut people: Vec<_> = born.collect();
    for (index, epoch) in home.moment.epochs().iter().enumerate().skip(home.birth.epoch) {
        let key = home.key.child(JOIN).child(index as u64);
        if key.chance(u64::from(epoch.permille) * JOINS, 100_000) {
            let number = people.len() as u64;
            people.push(Person { key, birth: Birth::in_epoch(index + 1, key), number });
        }
    }
    people
}

/// The household row. It contains the member count at registration: a new member changes its own rows, not this one.
fn household<'a>(home: &Home<'a>, people: u64) -> Household<'a> {
    let life = home.life(home.key, home.birth);
    let mut rng = home.key.child(HOME).child(2).rng();
    let children = people.saturating_sub(2).to_string();
    let fields = vec![
        Field::new("pregnantWomenCount", if rng.chance(1, 6) { "1" } else { "0" }),
        Field::new("childrenCount", children),
        Field::new("houseStructureTypes", rng.pick(&["CLAY", "CLAY|THATCH", "CEMENT", "WOOD|METAL"])),
    ];
    let fields = AdditionalFields { schema: "Household", version: 1, fields };
    Household {
        base: home.moment.base(home.key, home.id.clone(), &life, Some(fields)),
        member_count: people + u64::from(life.version > 2),
        address: home.address(home.key.child(HOME).child(3), Some("Bairro Unidade")),
        household_type: rng.chance(19, 20).then_some("FAMILY"),
    }
}

fn checklist<'a>(home: &Home<'a>) -> Checklist<'a> {
    const QUESTIONS: [&str; 3] = ["HC1", "HC2", "HC3"];
    let key = home.key.child(CHECKLIST);
    let life = home.life(key, home.birth);
    let mut rng = key.child(u64::from(life.version)).rng();
    let base = home.moment.base(key, String::new(), &life, None);
    let client_id = base.client_reference_id;
    let attributes = QUESTIONS.iter().zip(0..).map(|(code, n)| ServiceAttribute {
        id: key.child(50 + n).uuid(),
        client_reference_id: key.child(60 + n).uuid(),
        reference_id: key.child(2).uuid(),
        service_client_reference_id: client_id,
        attribute_code: code,
        value: if n == 2 {
            ChecklistAnswer::Number(rng.below(4))
        } else {
            ChecklistAnswer::Text(rng.pick(&["YES", "NO", "NOT_SELECTED"]))
        },
        audit_details: base.audit_details,
        additional_fields: (),
    });
    Checklist {
        id: key.child(2).uuid(),
        tenant_id: home.tenant(),
        service_def_id: home.project.key.child(3).uuid(),
        reference_id: home.reference(),
        attributes: attributes.collect(),
        audit_details: base.audit_details,
        additional_fields: ServiceFields { boundary_code: &home.leaf.code, lat: home.latitude, lng: home.longitude },
        account_id: &home.project.id,
        client_id,
    }
}
