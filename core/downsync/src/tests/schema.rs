//! The files of `schema/digit` against what is known of the servers (facts/hcm.md A.2, A.7, C).

use fieldcast_model::EntityType;

use crate::{Parent, Schema, Scope};

fn named(entity: &str, field: &str) -> Parent {
    Parent::Named { entity: EntityType::new(entity), field: field.into() }
}

#[test]
fn every_file_says_what_the_servers_do() {
    let schema = Schema::digit().unwrap();
    let facts = [
        ("Household", "Households", Some("HOUSEHOLD"), Some("HH_MEMBERS"), vec![]),
        (
            "HouseholdMember",
            "HouseholdMembers",
            Some("HOUSEHOLD_MEMBER"),
            Some("HH_MEMBERS"),
            vec![named("Household", "householdClientReferenceId")],
        ),
        (
            "Individual",
            "Individuals",
            Some("INDIVIDUAL"),
            Some("INDIVIDUALS"),
            vec![Parent::Naming {
                entity: EntityType::new("HouseholdMember"),
                their_field: "individualClientReferenceId".into(),
            }],
        ),
        (
            "ProjectBeneficiary",
            "ProjectBeneficiaries",
            Some("PROJECT_BENEFICIARY"),
            Some("BENE_AE_REF"),
            vec![
                named("Individual", "beneficiaryClientReferenceId"),
                named("Household", "beneficiaryClientReferenceId"),
            ],
        ),
        (
            "Task",
            "Tasks",
            Some("PROJECT_TASK"),
            Some("TASKS"),
            vec![named("ProjectBeneficiary", "projectBeneficiaryClientReferenceId")],
        ),
        (
            "SideEffect",
            "SideEffects",
            Some("SIDE_EFFECT"),
            Some("BENE_AE_REF"),
            vec![
                named("Task", "taskClientReferenceId"),
                named("ProjectBeneficiary", "projectBeneficiaryClientReferenceId"),
            ],
        ),
        (
            "Referral",
            "Referrals",
            Some("REFERRAL"),
            Some("BENE_AE_REF"),
            vec![named("ProjectBeneficiary", "projectBeneficiaryClientReferenceId")],
        ),
        ("HFReferral", "HFReferrals", Some("HF_REFERRAL"), Some("BENE_AE_REF"), vec![]),
        (
            "Service",
            "Services",
            None,
            None,
            vec![named("Individual", "referenceId"), named("Household", "referenceId")],
        ),
    ];
    assert_eq!(schema.entities().len(), facts.len());
    for (name, key, tag, file, parents) in facts {
        let entity = schema.entity(&EntityType::new(name)).unwrap();
        assert_eq!(entity.response_key, key);
        assert_eq!((entity.ndjson_tag.as_deref(), entity.file_type.as_deref()), (tag, file), "{name}");
        assert_eq!(entity.parents, parents, "{name}");
        assert_eq!(entity.scope, if name == "HFReferral" { Scope::Project } else { Scope::Family });
        assert_eq!(entity.modified.as_deref(), Some("auditDetails.lastModifiedTime"));
        let service = name == "Service";
        assert_eq!(entity.key, [if service { "clientId" } else { "clientReferenceId" }, "id"], "{name}");
        assert_eq!(entity.row_version.as_deref(), (!service).then_some("rowVersion"));
        assert_eq!(entity.deleted.as_deref(), (!service).then_some("isDeleted"));
    }
}

#[test]
fn the_household_is_the_only_root_and_parents_come_first() {
    let schema = Schema::digit().unwrap();
    let roots: Vec<_> = schema.entities().iter().filter(|e| e.is_root()).map(|e| e.entity.as_str()).collect();
    assert_eq!(roots, ["Household"]);
    let place = |entity: &EntityType| schema.entities().iter().position(|e| e.entity == *entity).unwrap();
    for entity in schema.entities() {
        assert!(entity.parents.iter().all(|parent| place(parent.entity()) < place(&entity.entity)));
    }
}

#[test]
fn descriptions_that_do_not_fit_are_told_by_file() {
    let lone = "entity = \"A\"\nscope = \"family\"\nresponse_key = \"As\"\nkey = [\"id\"]\n";
    let below = |parent: &str| format!("{lone}[[parents]]\nentity = \"{parent}\"\nfield = \"x\"\n");
    assert!(Schema::parse(&[("a", lone)]).is_ok());
    for bad in
        [below("B"), below("A"), format!("{lone}typo = 1\n"), "entity = 1".into(), below("A") + "their_field = \"y\"\n"]
    {
        assert_eq!(Schema::parse(&[("a", &bad)]).unwrap_err().file, "a", "{bad}");
    }
}
