//! What a project did for a beneficiary: tasks, side effects, referrals.

use super::family::Family;
use super::home::Home;
use super::life::{Birth, Life};
use super::names;
use super::registration::{beneficiary, server_id};
use crate::clock::MINUTE_MS;
use crate::entity::{AdditionalFields, DeliveryAddress, Field, Referral, SideEffect, Task, TaskResource};
use crate::key::{Rng, SeedKey};

const TASK: u64 = 10;
const FOLLOW_UP: u64 = 11;
const REFERRAL: u64 = 12;
const SIDE_EFFECT: u64 = 13;
const HOUSEHOLD_BENEFICIARY: u64 = 40;

/// The rate of new tasks per child, out of 100,000, per per-mille of an epoch. New tasks are a twentieth of all
/// changes.
const FOLLOW_UPS: u64 = 60;

/// Registers the household itself (bed nets). Most households receive their nets.
pub(super) fn to_household<'a>(home: &Home<'a>, family: &mut Family<'a>) {
    let key = home.key.child(HOUSEHOLD_BENEFICIARY).child(home.project.key.bits());
    family.beneficiaries.push(beneficiary(home, key, home.birth, (home.id.clone(), home.reference()), 600));
    if key.child(TASK).chance(4, 5) {
        family.tasks.push(task(
            home,
            &Dose { beneficiary: key, registered: home.birth.at, key: key.child(TASK), birth: home.birth, nets: true },
        ));
    }
    follow_ups(home, key, home.birth, true, family);
}

/// The doses for a child under five. Infants under three months get none.
pub(super) fn to_child<'a>(home: &Home<'a>, key: SeedKey, birth: Birth, months: u64, family: &mut Family<'a>) {
    let doses = if months < 3 { 0 } else { 1 + u64::from(key.child(TASK).chance(2, 5)) };
    for n in 0..doses {
        let dose = Dose { beneficiary: key, registered: birth.at, key: key.child(TASK).child(n), birth, nets: false };
        let task = task(home, &dose);
        if task.status == "ADMINISTRATION_SUCCESS" && dose.key.child(SIDE_EFFECT).chance(1, 12) {
            family.side_effects.push(side_effect(home, &dose));
        }
        family.tasks.push(task);
    }
    if key.child(REFERRAL).chance(1, 15) {
        family.referrals.push(referral(home, key, birth));
    }
    follow_ups(home, key, birth, false, family);
}

/// A delivery: the beneficiary's key and registration time, the delivery's key and its time.
struct Dose {
    beneficiary: SeedKey,
    registered: i64,
    key: SeedKey,
    birth: Birth,
    nets: bool,
}

fn follow_ups<'a>(home: &Home<'a>, beneficiary: SeedKey, birth: Birth, nets: bool, family: &mut Family<'a>) {
    for (index, epoch) in home.moment.epochs().iter().enumerate().skip(birth.epoch) {
        let key = beneficiary.child(FOLLOW_UP).child(index as u64);
        if key.chance(u64::from(epoch.permille) * FOLLOW_UPS, 100_000) {
            let dose = Dose { beneficiary, registered: birth.at, key, birth: Birth::in_epoch(index + 1, key), nets };
            family.tasks.push(task(home, &dose));
        }
    }
}

fn task<'a>(home: &Home<'a>, dose: &Dose) -> Task<'a> {
    let life = home.life(dose.key, dose.birth);
    let mut rng = dose.key.child(1).rng();
    let mut edited = dose.key.child(2).child(u64::from(life.version)).rng();
    let status = status(&mut edited, dose.nets);
    let delivered = matches!(status, "ADMINISTRATION_SUCCESS" | "DELIVERED");
    let id = server_id("PT", &mut rng, dose.birth.at);
    let fields = vec![
        Field::new("DateOfDelivery", life.made.to_string()),
        Field::new("deliveryStrategy", if rng.chance(1, 2) { "DIRECT" } else { "INDIRECT" }),
        Field::new("cycleIndex", "01"),
        Field::new("doseIndex", if rng.chance(2, 3) { "01" } else { "02" }),
        Field::new("latitude", format!("{:.7}", home.leaf.latitude + edited.around() * 0.014)),
        Field::new("longitude", format!("{:.7}", home.leaf.longitude + edited.around() * 0.014)),
    ];
    let fields = AdditionalFields { schema: "Task", version: 1, fields };
    let base = home.moment.base(dose.key, id.clone(), &life, Some(fields));
    let resource = resource(home, dose, &base.audit_details, id, delivered, &mut edited);
    Task {
        project_id: &home.project.id,
        project_beneficiary_id: server_id("PTB", &mut dose.beneficiary.child(3).rng(), dose.registered),
        project_beneficiary_client_reference_id: dose.beneficiary.uuid(),
        resources: vec![resource],
        planned_start_date: (),
        planned_end_date: (),
        actual_start_date: life.made,
        actual_end_date: life.made + MINUTE_MS + edited.below(15 * 60_000) as i64,
        created_by: home.worker(life.by.0),
        created_date: life.made,
        address: DeliveryAddress { address: home.address(dose.key.child(4), None), boundary_type: (), boundary: () },
        status,
        base,
    }
}

fn resource<'a>(
    home: &Home<'a>,
    dose: &Dose,
    audit: &Option<crate::entity::Audit>,
    task_id: String,
    is_delivered: bool,
    rng: &mut Rng,
) -> TaskResource<'a> {
    let variants = if dose.nets { &["PVAR-2025-07-04-000071"] } else { &["PVAR-2025-07-02-000055"] };
    TaskResource {
        id: dose.key.child(5).uuid(),
        tenant_id: home.tenant(),
        client_reference_id: dose.key.child(6).uuid(),
        task_id,
        product_variant_id: variants[0],
        quantity: if dose.nets { 1.0 + rng.below(3) as f64 } else { 1.0 },
        is_delivered,
        delivery_comment: (!is_delivered).then(|| rng.pick(&["INSUFFICIENT_RESOURCES", "BENEFICIARY_ABSENT"])),
        is_deleted: false,
        audit_details: *audit,
        additional_fields: (),
    }
}

fn status(rng: &mut Rng, nets: bool) -> &'static str {
    const OTHERS: &[&str] = &[
        "BENEFICIARY_REFUSED",
        "BENEFICIARY_ABSENT",
        "CLOSED_HOUSEHOLD",
        "BENEFICIARY_REFERRED",
        "INELIGIBLE",
        "ADMINISTRATION_FAILED",
        "NOT_ADMINISTERED",
        "BENEFICIARY_MIGRATED",
        "VISITED",
    ];
    match (rng.chance(1, 10), nets) {
        (true, _) => rng.pick(OTHERS),
        (false, true) => "DELIVERED",
        (false, false) => "ADMINISTRATION_SUCCESS",
    }
}

fn side_effect<'a>(home: &Home<'a>, dose: &Dose) -> SideEffect<'a> {
    let key = dose.key.child(SIDE_EFFECT);
    let life = home.life(key, dose.birth);
    let mut rng = key.child(u64::from(life.version)).rng();
    let count = 1 + rng.below(3);
    SideEffect {
        base: home.moment.base(key, key.child(8).uuid().to_string(), &life, place(home, "SideEffect", &life)),
        task_id: server_id("PT", &mut dose.key.child(1).rng(), dose.birth.at),
        task_client_reference_id: dose.key.uuid(),
        project_beneficiary_id: (),
        project_beneficiary_client_reference_id: dose.beneficiary.uuid(),
        symptoms: (0..count).map(|_| rng.pick(names::SYMPTOMS)).collect(),
    }
}

fn referral<'a>(home: &Home<'a>, beneficiary: SeedKey, birth: Birth) -> Referral<'a> {
    let key = beneficiary.child(REFERRAL);
    let life = home.life(key, birth);
    let mut rng = key.child(u64::from(life.version)).rng();
    let dose = Dose { beneficiary, registered: birth.at, key: beneficiary.child(TASK).child(0), birth, nets: false };
    Referral {
        base: home.moment.base(key, key.child(8).uuid().to_string(), &life, place(home, "Referral", &life)),
        project_id: &home.project.id,
        project_beneficiary_id: server_id("PTB", &mut beneficiary.child(3).rng(), birth.at),
        project_beneficiary_client_reference_id: beneficiary.uuid(),
        referrer_id: home.worker(life.by.0),
        recipient_type: "FACILITY",
        recipient_id: format!("F-2025-06-11-{:06}", 1 + rng.below(60)),
        reasons: vec![rng.pick(names::REASONS)],
        referral_code: rng.chance(1, 2).then(|| format!("REF{:07}", rng.below(10_000_000))),
        side_effect: rng.chance(1, 10).then(|| side_effect(home, &dose)),
    }
}

fn place(home: &Home<'_>, schema: &'static str, life: &Life) -> Option<AdditionalFields<'static>> {
    let fields =
        vec![Field::new("boundaryCode", home.leaf.code.clone()), Field::new("dateOfEvaluation", life.made.to_string())];
    Some(AdditionalFields { schema, version: 1, fields })
}
