//! `status`, `records` and `boundaries` against the server's data, and `fieldcast sandbox`.

use std::collections::BTreeMap;

use fieldcast_model::Json;
use fieldcast_sandbox::SandboxConfig;
use serde_json::Value;

use crate::support::{Device, Field, Server, USER, config, text, whole};

/// All record events of a query, by id. Fails if a record appears twice.
fn records(device: &Device, filter: &[&str]) -> BTreeMap<String, Value> {
    let ended = device.run(&[&["records"], filter].concat()).expect(0);
    let events = ended.events("record");
    let count = events.len();
    let by_id: BTreeMap<_, _> = events.into_iter().map(|event| (text(&event, "id").to_owned(), event)).collect();
    assert_eq!(by_id.len(), count, "a record appeared twice");
    by_id
}

#[test]
fn shows_exactly_the_servers_records() {
    let field = Field::new("reading", 60);
    // Servers before July 2026 answer with 202.
    let server = Server::start(SandboxConfig { accepted_status: 202, ..config(60, 2) });
    let (device, villages) = (field.device("phone"), server.villages());
    server.log_in(&device);
    let boundaries = device.run(&["boundaries", "--project", &server.project()]).expect(0).events("boundary");
    let leaves = boundaries.iter().filter(|boundary| boundary["leaf"] == true);
    assert!(leaves.map(|leaf| text(leaf, "code")).eq(villages.iter().map(String::as_str)), "{boundaries:?}");
    // By name instead of code.
    let moment = server.moment();
    let village = &moment.leaves()[0];
    device.run(&["downsync", &village.name]).expect(0);

    let dataset = device.run(&["status"]).expect(0).events("dataset");
    let dataset = dataset.iter().find(|dataset| text(dataset, "boundary") == village.code).expect("the village");
    let shown = records(&device, &["--boundary", &village.code, "--deleted", "--limit", "0"]);
    assert_eq!(shown.len() as u64, whole(dataset, "records"));
    assert!(shown.len() > 500, "{} records fit on one page", shown.len());
    for truth in moment.records(&server.project(), &village.code).expect("a known village") {
        let body = shown.get(&truth.client_reference_id).map(|record| record["body"].to_string());
        let canonical = |json: &str| Json::parse(json).expect("JSON");
        assert_eq!(body.map(|body| canonical(&body)), Some(canonical(&truth.json)), "{}", truth.entity);
    }
}

#[test]
fn finds_records_by_type_id_and_household() {
    let field = Field::new("filters", 60);
    let server = Server::start(config(20, 1));
    let device = field.device("phone");
    server.fill(&device, &server.villages());
    let households = records(&device, &["--entity", "Household", "--deleted"]);
    assert_eq!(households.len(), 20);
    let alive = records(&device, &["--entity", "Household"]);
    assert!(alive.values().all(|household| household["deleted"] == false));
    let id = households.keys().next().expect("a household");
    let family = records(&device, &["--root", id, "--deleted"]);
    assert!(family.len() > 1 && family.contains_key(id), "{family:?}");
    assert!(family.values().all(|record| text(record, "root") == id), "{family:?}");
    assert!(records(&device, &["--id", id, "--deleted"]).into_keys().eq([id.clone()]));
    assert_eq!(records(&device, &["--limit", "7"]).len(), 7);
}

#[test]
fn serves_login_and_download_from_the_sandbox() {
    let field = Field::new("sandbox", 60);
    let device = field.device("phone");
    let sandbox = ["sandbox", "--listen", "127.0.0.1:0", "--households", "20", "--boundaries", "1", "--seed", "5"];
    let mut serving = field.device("server").start(&sandbox);
    let shown = serving.event("sandbox");
    let [url, tenant, user] = ["url", "tenant", "user"].map(|key| text(&shown, key));
    assert_eq!(user, USER, "{shown}");
    let login = ["--json", "login", "--server", url, "--tenant", tenant, "--user", user];
    device.start_with(&login, text(&shown, "password")).finish().expect(0);

    let ended = device.run(&["downsync", "--all"]).expect(2);
    let advice = ended.last("error");
    assert!(text(&advice, "message").contains("--project"), "no advice for an account with two projects: {advice}");
    let server = Server::start(SandboxConfig { seed: 5, ..config(20, 1) });
    device.run(&["downsync", "--all", "--project", &server.project()]).expect(0);
    device.holdings().assert_equal(&server.truth(&server.villages()), "another sandbox of the same seed");

    serving.signal("INT");
    serving.finish().expect(130);
    let ended = device.run(&["downsync", "--all"]).expect(4);
    assert!(text(&ended.last("error"), "message").contains("check the connection"));
}
