//! The household (root) of each record.

use fieldcast_model::{EntityType, RecordId};
use serde_json::{Value, json};

use super::server::{Scripted, Server};
use super::{download, household, page, resolved, root_of};
use crate::{Error, Page, ResolvedPage};

async fn page_of(lists: Value) -> Page {
    let server = Server::start(move |_, request| Scripted::json(&page(&request.criteria(), 2, lists.clone()))).await;
    download(&server.url, 10).next_page().await.unwrap().unwrap()
}

async fn resolved_page_of(lists: Value) -> ResolvedPage {
    resolved(page_of(lists).await)
}

fn record(id: &str, field: &str, parent: &str) -> Value {
    json!({ "clientReferenceId": id, field: parent })
}

fn member(id: &str, household: &str, individual: &str) -> Value {
    json!({ "clientReferenceId": id, "householdClientReferenceId": household, "individualClientReferenceId": individual })
}

const PB: &str = "projectBeneficiaryClientReferenceId";

#[tokio::test]
async fn assigns_household_as_root_of_family() {
    let batch = resolved_page_of(json!({
        "Households": [household("h1"), household("h2")],
        "HouseholdMembers": [member("m1", "h1", "i1"), member("m2", "h2", "i2")],
        "Individuals": [{ "clientReferenceId": "i1" }, { "clientReferenceId": "i2" }],
        "ProjectBeneficiaries": [record("b1", "beneficiaryClientReferenceId", "i1"), record("b2", "beneficiaryClientReferenceId", "h2")],
        "Tasks": [record("t1", PB, "b1"), record("t2", PB, "b2")],
        "SideEffects": [record("s1", "taskClientReferenceId", "t1"), record("s2", PB, "b2")],
        "Referrals": [record("r1", PB, "b1")],
        "Services": [{ "clientId": "c1", "referenceId": "i2" }, { "clientId": "c2", "referenceId": "h1" }],
        "HFReferrals": [{ "clientReferenceId": "hf" }],
    }))
    .await;
    for id in ["h1", "m1", "i1", "b1", "t1", "s1", "r1", "c2"] {
        assert_eq!(root_of(&batch.families, id), "h1", "{id}");
    }
    for id in ["h2", "m2", "i2", "b2", "t2", "s2", "c1"] {
        assert_eq!(root_of(&batch.families, id), "h2", "{id}");
    }
    assert_eq!(root_of(&batch.project, "hf"), "hf");
}

#[tokio::test]
async fn finds_root_through_missing_parents() {
    let batch = resolved_page_of(json!({
        "HouseholdMembers": [member("m1", "h9", "i9")],
        "ProjectBeneficiaries": [record("b1", "beneficiaryClientReferenceId", "i9")],
        "Tasks": [record("t1", PB, "b1")],
    }))
    .await;
    for id in ["m1", "b1", "t1"] {
        assert_eq!(root_of(&batch.families, id), "h9", "{id}");
    }
}

#[tokio::test]
async fn looks_up_unknown_roots_once() {
    let page = page_of(json!({
        "Individuals": [{ "clientReferenceId": "i1" }],
        "ProjectBeneficiaries": [record("b1", "beneficiaryClientReferenceId", "x1")],
        "Tasks": [record("t1", PB, "b1"), record("t2", PB, "b2"), { "clientReferenceId": "t3" }],
    }))
    .await;
    let key = |entity: &str, id: &str| (EntityType::new(entity), RecordId::parse(id));
    let mut calls = 0;
    let batch = page
        .records
        .resolve(|wanted| {
            calls += 1;
            let mut wanted = wanted.to_vec();
            let known = |key: &(EntityType, RecordId)| match (key.0.as_str(), key.1.to_string().as_str()) {
                ("Individual", "x1") => Some(RecordId::parse("hx")),
                ("Individual", "i1") => Some(RecordId::parse("hi")),
                _ => None,
            };
            let answers = wanted.iter().map(known).collect();
            wanted.sort();
            assert_eq!(
                wanted,
                [
                    key("Household", "x1"),
                    key("Individual", "i1"),
                    key("Individual", "x1"),
                    key("ProjectBeneficiary", "b1"),
                    key("ProjectBeneficiary", "b2"),
                    key("Task", "t1"),
                    key("Task", "t2"),
                    key("Task", "t3"),
                ]
            );
            Ok::<_, Error>(answers)
        })
        .unwrap();
    assert_eq!(calls, 1);
    for (id, root) in [("i1", "hi"), ("b1", "hx"), ("t1", "hx"), ("t2", "t2"), ("t3", "t3")] {
        assert_eq!(root_of(&batch.families, id), root, "{id}");
    }
}

#[tokio::test]
async fn makes_unknown_parent_its_own_root() {
    let batch = resolved_page_of(json!({
        "ProjectBeneficiaries": [record("b1", "beneficiaryClientReferenceId", "nobody")],
        "Tasks": [record("t1", PB, "b1")],
    }))
    .await;
    assert_eq!((root_of(&batch.families, "b1"), root_of(&batch.families, "t1")), ("b1".into(), "b1".into()));
}

#[tokio::test]
async fn chooses_one_household_for_member_of_two() {
    let with = |id: &str, household: &str, deleted: bool, modified: i64| {
        let mut member = member(id, household, "i1");
        member["isDeleted"] = deleted.into();
        member["auditDetails"] = json!({ "lastModifiedTime": modified });
        member
    };
    for (members, root) in [
        ([with("m1", "h1", true, 9), with("m2", "h2", false, 1)], "h2"),
        ([with("m1", "h1", false, 1), with("m2", "h2", false, 9)], "h2"),
        ([with("m1", "h1", false, 5), with("m2", "h2", false, 5)], "h1"),
    ] {
        for members in [[members[0].clone(), members[1].clone()], [members[1].clone(), members[0].clone()]] {
            let batch = resolved_page_of(
                json!({ "HouseholdMembers": members, "Individuals": [{ "clientReferenceId": "i1" }] }),
            )
            .await;
            assert_eq!(root_of(&batch.families, "i1"), root);
        }
    }
}

#[tokio::test]
async fn fails_page_if_lookup_fails() {
    let page = page_of(json!({ "Tasks": [record("t1", PB, "b1")] })).await;
    assert_eq!(page.records.resolve(|_| Err("disk full")).unwrap_err(), "disk full");
}
