//! One family member: membership, the individual, and the registration in the project.

use super::family::Family;
use super::home::Home;
use super::life::Birth;
use super::people::BeneficiaryKind;
use super::registration::{beneficiary, server_id};
use super::{delivery, names};
use crate::clock::{DAY_MS, Date};
use crate::entity::{AdditionalFields, Field, HomeAddress, HouseholdMember, Identifier, Individual, Name};
use crate::key::{Rng, SeedKey};

const INDIVIDUAL: u64 = 1;
const BENEFICIARY: u64 = 2;
const CONTENT: u64 = 3;

/// A member of a family: head first, then spouse, then the others.
pub(super) struct Person {
    pub(super) key: SeedKey,
    pub(super) birth: Birth,
    pub(super) number: u64,
}

/// Adds the member's rows to the family. One of 400 memberships refers to an individual that does not exist.
pub(super) fn write<'a>(home: &Home<'a>, person: &Person, family: &mut Family<'a>) {
    family.members.push(member(home, person));
    let key = person.key.child(CONTENT).child(9);
    if key.chance(1, 400) {
        return;
    }
    let months = age_in_months(person);
    family.individuals.push(individual(home, person, months));
    if home.project.beneficiary_type == BeneficiaryKind::Household {
        return;
    }
    let registration = person.key.child(BENEFICIARY).child(home.project.key.bits());
    // One of 500 registrations is missing, but its deliveries exist (the server accepts such orphans).
    if !key.chance(1, 500) {
        let individual = person.key.child(INDIVIDUAL);
        let registered = (individual.child(8).uuid().to_string(), individual.uuid());
        family.beneficiaries.push(beneficiary(home, registration, person.birth, registered, months));
    }
    if months < 60 {
        delivery::to_child(home, registration, person.birth, months, family);
    }
}

fn member<'a>(home: &Home<'a>, person: &Person) -> HouseholdMember<'a> {
    let life = home.life(person.key, person.birth);
    let individual = person.key.child(INDIVIDUAL);
    let relation = match person.number {
        0 => "HEAD",
        1 => "SPOUSE",
        _ => "CHILD",
    };
    let fields = (life.version > 1).then(|| AdditionalFields {
        schema: "HouseholdMember",
        version: 1,
        fields: vec![Field::new("relationToHead", relation)],
    });
    HouseholdMember {
        base: home.moment.base(person.key, person.key.child(8).uuid().to_string(), &life, fields),
        household_id: home.id.clone(),
        household_client_reference_id: home.reference(),
        individual_id: individual.child(8).uuid(),
        individual_client_reference_id: individual.uuid(),
        is_head_of_household: person.number == 0,
        member_relationships: [],
    }
}

fn individual<'a>(home: &Home<'a>, person: &Person, months: u64) -> Individual<'a> {
    let key = person.key.child(INDIVIDUAL);
    let life = home.life(key, person.birth);
    let mut rng = key.child(CONTENT).rng();
    let woman = if person.number < 2 { person.number == 1 } else { rng.chance(1, 2) };
    let Date { year, month, day } = Date::of(person.birth.at - (months * 30 * DAY_MS as u64) as i64);
    // An edit changes the phone number and the spelling of the name.
    let mut edited = key.child(CONTENT).child(u64::from(life.version)).rng();
    let phone = months >= 216 && edited.chance(2, 3);
    let number = [82, 84, 86, 87][edited.below(4) as usize] * 10_000_000 + edited.below(10_000_000);
    let fields = person.number.eq(&0).then(|| AdditionalFields {
        schema: "Individual",
        version: 1,
        fields: vec![Field::new("height", (90 + edited.below(95)).to_string())],
    });
    Individual {
        base: home.moment.base(key, key.child(8).uuid().to_string(), &life, fields),
        individual_id: server_id("IND", &mut rng, person.birth.at),
        user_id: (),
        user_uuid: (),
        name: Name {
            given_name: rng.pick(if woman { names::WOMEN } else { names::MEN }),
            family_name: if rng.chance(4, 5) { home.surname } else { rng.pick(names::FAMILIES) },
            other_names: (),
        },
        date_of_birth: format!("{day:02}/{month:02}/{year:04}"),
        gender: if woman { "FEMALE" } else { "MALE" },
        blood_group: (),
        mobile_number: phone.then(|| number.to_string()),
        alt_contact_number: (),
        email: (),
        address: vec![HomeAddress {
            address: home.address(key.child(CONTENT).child(4), None),
            individual_id: (),
            ward: (),
            is_deleted: false,
            audit_details: (),
        }],
        father_name: (),
        husband_name: (),
        relationship: (),
        identifiers: identifiers(key, &mut rng),
        skills: [],
        photo: (),
        is_system_user: false,
        is_system_user_active: false,
        user_details: (),
    }
}

/// Half of the individuals have an identifier: the campaign's printed code, or the app's default.
fn identifiers(key: SeedKey, rng: &mut Rng) -> Vec<Identifier> {
    if rng.chance(1, 2) {
        return Vec::new();
    }
    let printed = rng.chance(1, 3);
    vec![Identifier {
        id: key.child(5).uuid(),
        client_reference_id: None,
        individual_id: (),
        individual_client_reference_id: key.uuid(),
        identifier_type: if printed { "UNIQUE_BENEFICIARY_ID" } else { "DEFAULT" },
        identifier_id: if printed {
            format!("MZ25{:08}", rng.below(100_000_000))
        } else {
            key.child(6).uuid().to_string()
        },
        is_deleted: false,
        audit_details: (),
    }]
}

/// Head and spouse are adults. About half of the others are under five.
fn age_in_months(person: &Person) -> u64 {
    let mut rng = person.key.child(CONTENT).child(1).rng();
    match person.number {
        0 => 240 + rng.below(480),
        1 => 204 + rng.below(400),
        _ if rng.chance(1, 2) => 1 + rng.below(59),
        _ => 60 + rng.below(140),
    }
}
