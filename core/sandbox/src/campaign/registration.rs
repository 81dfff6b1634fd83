//! Registers beneficiaries in a project.

use super::home::Home;
use super::life::Birth;
use crate::clock::Date;
use crate::entity::{AdditionalFields, Beneficiary, Field};
use crate::key::{Rng, SeedKey};
use crate::uuid::Uuid;

const CONTENT: u64 = 3;

/// The project's registration of an individual or the household. `registered` is the server id and client reference.
pub(super) fn beneficiary<'a>(
    home: &Home<'a>,
    key: SeedKey,
    birth: Birth,
    registered: (String, Uuid),
    months: u64,
) -> Beneficiary<'a> {
    let life = home.life(key, birth);
    let mut rng = key.child(CONTENT).rng();
    let fields = (months < 60).then(|| AdditionalFields {
        schema: "ProjectBeneficiary",
        version: 1,
        fields: vec![Field::new("ageInMonths", months.to_string())],
    });
    Beneficiary {
        base: home.moment.base(key, server_id("PTB", &mut rng, birth.at), &life, fields),
        project_id: &home.project.id,
        beneficiary_id: registered.0,
        date_of_registration: life.made,
        beneficiary_client_reference_id: registered.1,
        tag: (months < 60 && rng.chance(1, 2)).then(|| format!("01{:012}", rng.below(1_000_000_000_000))),
    }
}

/// An id like those of the server's id generator, e.g. `IND-2025-08-20-004711`.
pub(super) fn server_id(prefix: &str, rng: &mut Rng, at: i64) -> String {
    let Date { year, month, day } = Date::of(at);
    format!("{prefix}-{year:04}-{month:02}-{day:02}-{:06}", rng.below(1_000_000))
}
