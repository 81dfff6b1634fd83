//! Compares the files in `schema/digit` with the known facts about the servers.

use std::fs;
use std::path::Path;

use fieldcast_model::EntityType;

use crate::schema::{DIGIT, EntityDescription, Parent, Schema, Scope};

#[path = "../../build.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "the tests use only the functions")]
mod build;

/// Type, list, `_t`, `fileType`, parent paths (`<` if the parent has the id of the record).
const FACTS: [[&str; 5]; 9] = [
    ["Household", "Households", "HOUSEHOLD", "HH_MEMBERS", ""],
    ["HouseholdMember", "HouseholdMembers", "HOUSEHOLD_MEMBER", "HH_MEMBERS", "householdClientReferenceId>Household"],
    ["Individual", "Individuals", "INDIVIDUAL", "INDIVIDUALS", "individualClientReferenceId<HouseholdMember"],
    [
        "ProjectBeneficiary",
        "ProjectBeneficiaries",
        "PROJECT_BENEFICIARY",
        "BENE_AE_REF",
        "beneficiaryClientReferenceId>Individual beneficiaryClientReferenceId>Household",
    ],
    ["Task", "Tasks", "PROJECT_TASK", "TASKS", "projectBeneficiaryClientReferenceId>ProjectBeneficiary"],
    [
        "SideEffect",
        "SideEffects",
        "SIDE_EFFECT",
        "BENE_AE_REF",
        "taskClientReferenceId>Task projectBeneficiaryClientReferenceId>ProjectBeneficiary",
    ],
    ["Referral", "Referrals", "REFERRAL", "BENE_AE_REF", "projectBeneficiaryClientReferenceId>ProjectBeneficiary"],
    ["HFReferral", "HFReferrals", "HF_REFERRAL", "BENE_AE_REF", ""],
    ["Service", "Services", "", "", "referenceId>Individual referenceId>Household"],
];

#[test]
fn matches_known_server_facts() {
    let schema = Schema::digit().unwrap();
    for [name, list, tag, file, ways] in FACTS {
        let entity = &schema.entities()[schema.kind(&EntityType::new(name)).unwrap()];
        let way = |parent: &Parent| match parent {
            Parent::Named { entity, field } => format!("{field}>{entity}"),
            Parent::Naming { entity, their_field } => format!("{their_field}<{entity}"),
        };
        assert_eq!(entity.parents.iter().map(way).collect::<Vec<_>>().join(" "), ways, "{name}");
        assert_eq!(entity.response_key, list);
        assert_eq!(entity.ndjson_tag.as_deref().unwrap_or_default(), tag, "{name}");
        assert_eq!(entity.file_type.as_deref().unwrap_or_default(), file, "{name}");
        assert_eq!(entity.scope, if name == "HFReferral" { Scope::Project } else { Scope::Family });
        assert_eq!(entity.modified.as_deref(), Some("auditDetails.lastModifiedTime"));
        let service = name == "Service";
        assert_eq!(entity.key, [if service { "clientId" } else { "clientReferenceId" }, "id"], "{name}");
        assert_eq!(entity.row_version.as_deref(), (!service).then_some("rowVersion"));
        assert_eq!(entity.deleted.as_deref(), (!service).then_some("isDeleted"));
    }
}

#[test]
fn orders_parents_first_below_household() {
    let schema = Schema::digit().unwrap();
    let roots: Vec<_> = schema.entities().iter().filter(|e| e.is_root()).map(|e| e.entity.as_str()).collect();
    assert_eq!(roots, ["Household"]);
    let index = |entity: &EntityType| schema.entities().iter().position(|e| e.entity == *entity).unwrap();
    for entity in schema.entities() {
        assert!(entity.parents.iter().all(|parent| index(parent.entity()) < index(&entity.entity)));
    }
    assert!(schema.entities().is_sorted_by_key(|e| e.scope == Scope::Project));
}

#[test]
fn embeds_every_file_of_folder() {
    let name = |file: fs::DirEntry| file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = fs::read_dir(build::FOLDER).unwrap().map(|file| name(file.unwrap())).collect();
    files.sort();
    assert_eq!(DIGIT.iter().map(|(name, _)| *name).collect::<Vec<_>>(), files);
}

#[test]
fn picks_up_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let household = fs::read_to_string(Path::new(build::FOLDER).join("household.toml")).unwrap();
    fs::write(folder.path().join("household.toml"), &household).unwrap();
    let new = household.replace("Household", "Probe").replace("HOUSEHOLD", "PROBE");
    fs::write(folder.path().join("probe.toml"), new).unwrap();
    fs::write(folder.path().join("probe.toml~"), "an editor's backup").unwrap();
    let files = build::files(folder.path()).unwrap();
    let schema = Schema::parse(&files.iter().map(|(name, json)| (&**name, &**json)).collect::<Vec<_>>()).unwrap();
    let found =
        |e: &EntityDescription| [e.entity.as_str(), &e.response_key, e.ndjson_tag.as_deref().unwrap()].join(" ");
    let found: Vec<_> = schema.entities().iter().map(found).collect();
    assert_eq!(found, ["Household Households HOUSEHOLD", "Probe Probes PROBE"]);
}

#[test]
fn names_file_of_invalid_description() {
    let fields = r#""entity": "A", "scope": "family", "response_key": "As", "key": ["id"]"#;
    let lone = format!("{{{fields}}}");
    let below = |parent: &str| format!(r#"{{{fields}, "parents": [{{"entity": "{parent}", "field": "x"}}]}}"#);
    let twice = r#"[{"entity": "A", "field": "x", "their_field": "y"}]"#;
    assert!(Schema::parse(&[("a", &lone)]).is_ok());
    for bad in [
        below("B"),
        below("A"),
        format!(r#"{{{fields}, "typo": 1}}"#),
        r#"{"entity": 1}"#.into(),
        format!(r#"{{{fields}, "parents": {twice}}}"#),
    ] {
        assert_eq!(Schema::parse(&[("a", &bad)]).unwrap_err().file, "a", "{bad}");
    }
}

#[test]
fn rejects_two_descriptions_of_one_type() {
    let described = |entity: &str, list: &str, tag: &str| {
        format!(
            r#"{{"entity": "{entity}", "scope": "family", "response_key": "{list}", "ndjson_tag": "{tag}", "key": ["id"]}}"#
        )
    };
    let first = described("A", "As", "A");
    for same in [described("A", "Bs", "B"), described("B", "As", "B"), described("B", "Bs", "A")] {
        let error = Schema::parse(&[("a", &first), ("b", &same)]).unwrap_err();
        assert!(error.file == "b" && error.reason.starts_with("a describes the same"), "{error}");
    }
    assert!(Schema::parse(&[("a", &first), ("b", &described("B", "Bs", "B"))]).is_ok());
}
