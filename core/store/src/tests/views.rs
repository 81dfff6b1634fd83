//! The views show DIGIT's records to any SQLite tool.

use fieldcast_model::{EntityType, Json, Record, RecordId};

use super::{Fresh, apply, fresh, household, village};

const ROOT: &str = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9";

fn digit(entity: &str, id: &str, body: &str) -> Record {
    Record {
        entity: EntityType::new(entity),
        id: RecordId::parse(id),
        root: RecordId::parse(ROOT),
        body: Json::parse(body).unwrap(),
        ..household(id, 3, 1_756_000_000_000)
    }
}

/// Entity type, view, id, body, an expression over the view's columns and its value.
const CASES: [[&str; 6]; 9] = [
    [
        "Household",
        "household",
        ROOT,
        r#"{"memberCount":4,"address":{"locality":{"code":"V1"},"latitude":-15.5}}"#,
        "member_count || '|' || locality || '|' || latitude",
        "4|V1|-15.5",
    ],
    [
        "HouseholdMember",
        "household_member",
        "m1",
        r#"{"individualClientReferenceId":"i1","isHeadOfHousehold":true}"#,
        "individual_client_reference_id || '|' || is_head_of_household || '|' || household",
        "i1|1|0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9",
    ],
    [
        "Individual",
        "individual",
        "i1",
        r#"{"name":{"givenName":"Ana","familyName":null},"gender":"FEMALE"}"#,
        "given_name || '|' || ifnull(family_name, '-') || '|' || gender",
        "Ana|-|FEMALE",
    ],
    [
        "ProjectBeneficiary",
        "project_beneficiary",
        "b1",
        r#"{"projectId":"p1","tag":"QR7"}"#,
        "project_id || tag",
        "p1QR7",
    ],
    [
        "Task",
        "task",
        "t1",
        r#"{"status":"DELIVERED","resources":[{"quantity":2}]}"#,
        "status || '|' || resources",
        r#"DELIVERED|[{"quantity":2}]"#,
    ],
    ["SideEffect", "side_effect", "s1", r#"{"symptoms":["FEVER"]}"#, "symptoms", r#"["FEVER"]"#],
    [
        "Referral",
        "referral",
        "r1",
        r#"{"recipientType":"FACILITY","reasons":[]}"#,
        "recipient_type || reasons",
        "FACILITY[]",
    ],
    [
        "HFReferral",
        "hf_referral",
        "f1",
        r#"{"symptom":"FEVER","projectFacilityId":"pf"}"#,
        "symptom || project_facility_id",
        "FEVERpf",
    ],
    [
        "Service",
        "service",
        "c1",
        r#"{"serviceDefId":"d","attributes":[{"value":{"n":1.50}}]}"#,
        "service_def_id || attributes",
        r#"d[{"value":{"n":1.50}}]"#,
    ],
];

#[test]
fn shows_records_in_readable_columns() {
    let Fresh { store, dir: _dir } = fresh();
    let records: Vec<_> = CASES.iter().map(|[entity, _, id, body, ..]| digit(entity, id, body)).collect();
    apply(&store, &village("v"), &records);
    for [_, view, id, _, columns, expected] in CASES {
        let sql = format!(
            "SELECT client_reference_id, boundary || row_version || modified || deleted, {columns} FROM {view}"
        );
        let row: (String, String, String) = store
            .with_writer(|conn| conn.query_one(&sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap());
        assert_eq!(row, (id.to_owned(), "v317560000000000".to_owned(), expected.to_owned()), "{view}");
    }
}
