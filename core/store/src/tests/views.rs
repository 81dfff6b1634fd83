//! The views show DIGIT's records to any SQLite tool.

use std::fs;

use fieldcast_model::{EntityType, Json, Record, RecordId};
use rusqlite::Connection;

use super::{Fresh, apply, fresh, household, village};
use crate::views::{VIEWS, View, create, outdated};
use crate::{Store, migrations};

#[path = "../../build.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "the tests use only the functions")]
mod build;

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

/// The columns of a view, without those of every view.
fn columns(conn: &Connection, view: &str) -> Vec<String> {
    let statement = conn.prepare(&format!("SELECT * FROM {view}")).unwrap();
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    columns[7..columns.len() - 1].to_vec()
}

#[test]
fn has_view_for_every_description() {
    let Fresh { store, dir: _dir } = fresh();
    let name = |file: fs::DirEntry| file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = fs::read_dir(build::FOLDER).unwrap().map(|file| name(file.unwrap())).collect();
    files.sort();
    assert_eq!(VIEWS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), files);
    for (view, _) in VIEWS {
        let has_household = store.with_writer(|conn| columns(conn, view).contains(&"household".to_owned()));
        assert_eq!(has_household, !["household", "hf_referral"].contains(view), "{view}");
    }
}

#[test]
fn adds_view_of_new_description() {
    let conn = Connection::open_in_memory().unwrap();
    migrations::run(&conn).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let new = r#"
        entity = "Probe"
        columns = ["dueDate", "address.locality.code AS locality"]
        [[parents]]
        entity = "Household"
    "#;
    fs::write(folder.path().join("probe.toml"), new).unwrap();
    let made = build::views(folder.path()).unwrap();
    let views: Vec<View<'_>> = made.iter().map(|(name, sql)| (&**name, &**sql)).chain(VIEWS.iter().copied()).collect();
    let missing = outdated(&conn, &views).unwrap();
    assert_eq!(missing.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ["probe"]);
    create(&conn, &missing).unwrap();
    assert_eq!(columns(&conn, "probe"), ["server_id", "household", "due_date", "locality"]);
    assert!(outdated(&conn, &views).unwrap().is_empty());
}

#[test]
fn replaces_view_of_earlier_build() {
    let Fresh { store, dir } = fresh();
    let old = "DROP VIEW household; CREATE VIEW household AS SELECT 1 AS member_count; DROP VIEW task";
    store.with_writer(|conn| conn.execute_batch(old).unwrap());
    drop(store);
    let store = Store::open(dir.path()).unwrap().store;
    assert!(store.with_writer(|conn| outdated(conn, VIEWS).unwrap()).is_empty());
}

#[test]
fn rejects_description_with_invalid_column() {
    let folder = tempfile::tempdir().unwrap();
    for columns in [r#""a""#, "[1]", r#"["a'b"]"#, r#"["a AS b c"]"#, r#"[""]"#] {
        fs::write(folder.path().join("probe.toml"), format!("entity = \"Probe\"\ncolumns = {columns}")).unwrap();
        let error = build::views(folder.path()).unwrap_err().to_string();
        assert!(error.starts_with("probe.toml: "), "{columns}: {error}");
    }
}
