//! Data that a device forged: server data replaces it, no device signs it as its own, and the user can undo it.

use std::time::{SystemTime, UNIX_EPOCH};

use fieldcast_model::{EntityType, Json, Record, ServerTime, SnapshotSummary};
use fieldcast_store::{Completeness, PageCommit, RecordQuery, Store, SyncStart, SyncTarget};
use serde_json::Value;

use crate::support::{Device, Field, Server, config, text, whole};

const DAY_MS: i64 = 24 * 3_600_000;

/// A device's summary and records of a village.
fn held(store: &Store, village: &str) -> (SnapshotSummary, Vec<Record>) {
    let status = store.datasets().expect("datasets").into_iter();
    let summary = status.map(|status| status.summary).find(|it| it.dataset.boundary.as_deref() == Some(village));
    let summary = summary.expect("a downloaded village");
    let query = RecordQuery { dataset: Some(summary.dataset.clone()), limit: u32::MAX, ..RecordQuery::default() };
    (summary, store.records(&query).expect("records"))
}

/// Stores these records as the device's own download.
fn commit(
    store: &Store,
    SnapshotSummary { dataset, project_name, boundary_name, as_of, .. }: SnapshotSummary,
    families: Vec<Record>,
) {
    let target = SyncTarget { server: "none".into(), dataset, project_name, boundary_name };
    let page = PageCommit {
        run: store.begin_sync(&target, SyncStart::Fresh).expect("a run").run,
        as_of: Some(as_of),
        position: String::new(),
        done: 0,
        total: 0,
        bytes: 0,
        clock: None,
        families,
        project_wide: Vec::new(),
    };
    store.commit_page(&page).expect("a page");
    let none_deleted = Completeness::Verified { households: 0, answered: Vec::new() };
    store.finish_sync(page.run, &none_deleted, &Completeness::Partial).expect("an end");
}

/// Applies `forge` to a device's records of a village. `ahead`: dates them this many ms after this machine's clock.
fn forge(device: &Device, village: &str, ahead: Option<i64>, forge: impl Fn(&mut Record)) {
    let store = Store::open(&device.dir).expect("an unused store").store;
    let (mut summary, mut records) = held(&store, village);
    records.iter_mut().for_each(forge);
    if let Some(ahead) = ahead {
        #[expect(clippy::disallowed_methods, reason = "a date")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        summary.as_of = ServerTime(now.as_millis() as i64 + ahead);
    }
    commit(&store, summary, records);
}

/// Keeps only a few records of a village, with higher versions and dated a day later.
fn keep_a_few(device: &Device, village: &str) {
    let store = Store::open(&device.dir).expect("an unused store").store;
    let (mut summary, mut records) = held(&store, village);
    store.remove_dataset(&summary.dataset).expect("no edits");
    summary.as_of.0 += DAY_MS;
    records.truncate(9);
    records.iter_mut().for_each(altered);
    commit(&store, summary, records);
}

/// A version above the server's, with another number of members.
fn altered(record: &mut Record) {
    record.row_version += 1;
    if record.entity == EntityType::new("Household") {
        record.body =
            Json::parse(&record.body.as_str().replace("\"memberCount\":", "\"memberCount\":9")).expect("JSON");
    }
}

/// Sends until saved. Returns the send's summary and the receiver's question.
fn send(from: &Device, to: &Device) -> (Value, Value) {
    let receiving = to.receive(&["--yes", "--once"]);
    let summary = from.send(&[to], &[]).finish().expect(0).last("send_summary");
    let asked = receiving.finish().expect(0).events("asked").remove(0);
    (summary, asked)
}

fn sources(asked: &Value) -> Vec<(&str, u64, bool)> {
    let sources = asked["sources"].as_array().expect("a list").iter();
    let source = |of| (text(of, "fingerprint"), whole(of, "records"), of["has_signed"] == true);
    sources.map(source).collect()
}

/// Number of records by signer. `None` is this device's own download.
fn signers(device: &Device, village: &str) -> Vec<(Option<String>, u64)> {
    let listed = device.run(&["datasets"]).expect(0).events("dataset");
    let dataset = listed.into_iter().find(|dataset| dataset["boundary"] == village).expect("the village");
    let sources = dataset["sources"].as_array().expect("a list").iter();
    sources.map(|source| (source["signer"].as_str().map(str::to_owned), whole(source, "records"))).collect()
}

fn fingerprint(device: &Device) -> String {
    text(&device.run(&["status"]).expect(0).events("device")[0], "fingerprint").to_owned()
}

#[test]
fn replaces_forged_data_by_a_full_download() {
    let field = Field::new("forged", 120);
    let server = Server::start(config(120, 1));
    let (villages, roles) = (server.villages(), ["rogue", "victim", "infected"]);
    let [rogue, victim, infected] = roles.map(|role| field.device(role));
    server.fill(&rogue, &villages);
    forge(&rogue, &villages[0], None, altered);
    for receiver in [&victim, &infected] {
        let (_, asked) = send(&rogue, receiver);
        assert!(sources(&asked).iter().all(|(who, _, has_signed)| *who == fingerprint(&rogue) && *has_signed));
        assert!(signers(receiver, &villages[0]).iter().all(|(signer, _)| signer.is_some()));
    }

    server.sandbox.advance(10).expect("a day");
    server.fill(&victim, &villages);
    victim.holdings().assert_equal(&server.truth(&villages), "after a full download");
    assert_eq!(signers(&victim, &villages[0]).iter().map(|(who, _)| who).collect::<Vec<_>>(), [&None]);
    let (_, asked) = send(&victim, &infected);
    assert!(sources(&asked).iter().all(|(who, ..)| *who == fingerprint(&victim)), "{asked}");
    infected.holdings().assert_equal(&victim.holdings(), "repaired by a device with server data");
}

#[test]
fn names_all_sources_of_merged_data() {
    let field = Field::new("merged", 120);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [rogue, carrier, last] = ["rogue", "carrier", "last"].map(|role| field.device(role));
    server.fill(&rogue, &villages);
    forge(&rogue, &villages[0], None, altered);
    send(&rogue, &carrier);
    // The carrier downloads one page, then loses the network. Most records are still those of the rogue device.
    let is_first = std::cell::Cell::new(true);
    forge(&carrier, &villages[0], None, |record| record.row_version += i64::from(is_first.replace(false)));
    let (_, asked) = send(&carrier, &last);
    let sources = sources(&asked);
    let share = |device: &Device| sources.iter().find(|(who, ..)| *who == fingerprint(device)).copied();
    assert!(share(&rogue).is_some_and(|(_, forged, _)| forged > 1), "{asked}");
    assert_eq!(share(&carrier).map(|(_, own, has_signed)| (own, has_signed)), Some((1, true)), "{asked}");
}

#[test]
fn reports_dates_of_phones_with_different_clocks() {
    let field = Field::new("clocks", 90);
    let server = Server::start(config(40, 1));
    let villages = server.villages();
    let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &villages);
    forge(&distributor, &villages[0], Some(60 * DAY_MS), |_| {});
    let mut receiving = receiver.receive(&["--yes"]);
    let refused = distributor.send(&[&receiver], &[]).finish().expect(7).last("send_summary");
    let ended = receiving.event("ended");
    for reason in [text(&refused["receivers"][0], "reason"), text(&ended, "reason")] {
        assert!(
            reason.contains("clock says") && reason.contains("correct the date on the phone that is wrong"),
            "{reason}"
        );
    }
    receiving.kill();
    assert_eq!(receiver.holdings().records(), 0);
    let file = field.path().join("ahead.fcb");
    let file = file.to_str().expect("a UTF-8 path");
    distributor.run(&["export", file]).expect(0);
    assert!(receiver.run_plain(&["import", "--yes", file]).expect(7).stderr.contains("clock says"));
}

#[test]
fn rejects_impossible_row_versions_with_a_reason() {
    let field = Field::new("absurd", 90);
    let server = Server::start(config(40, 1));
    let villages = server.villages();
    let [rogue, receiver] = ["rogue", "receiver"].map(|role| field.device(role));
    server.fill(&rogue, &villages);
    forge(&rogue, &villages[0], None, |record| record.row_version = i64::MAX);
    let mut receiving = receiver.receive(&["--yes"]);
    let refused = rogue.send(&[&receiver], &[]).finish().expect(7).last("send_summary");
    receiving.event("ended");
    receiving.kill();
    assert!(text(&refused["receivers"][0], "reason").contains("version numbers that no server assigns"), "{refused}");
    assert_eq!(receiver.holdings().records(), 0);
}

#[test]
fn undoes_the_last_received_version() {
    let field = Field::new("undo", 90);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [rogue, receiver] = ["rogue", "receiver"].map(|role| field.device(role));
    for device in [&rogue, &receiver] {
        server.fill(device, &villages);
    }
    let before = receiver.holdings();
    forge(&rogue, &villages[0], None, altered);
    send(&rogue, &receiver);
    let changed = receiver.run(&["datasets"]).expect(0).events("dataset");
    assert!(changed.iter().any(|dataset| dataset["boundary"] == villages[0] && dataset["can_undo"] == true));
    receiver.run(&["datasets", "undo", &villages[0]]).expect(0).last("dataset_undone");
    receiver.holdings().assert_equal(&before, "after the undo");
    let again = receiver.run_plain(&["datasets", "undo", &villages[0]]).expect(2);
    assert!(again.stderr.contains("nothing to undo"), "{}", again.stderr);
    receiver.run(&["datasets", "remove", &villages[0]]).expect(0).last("dataset_removed");
}

#[test]
fn lists_and_removes_data_of_revoked_devices() {
    let field = Field::new("removal", 90);
    let server = Server::start(config(40, 1));
    let villages = server.villages();
    let [office, rogue, receiver] = ["office", "rogue", "receiver"].map(|role| field.device(role));
    server.fill(&rogue, &villages);
    send(&rogue, &receiver);
    let key = field.path().join("campaign.key");
    let key = key.to_str().expect("a UTF-8 path");
    let authority = office.run(&["grant", "new-authority", key]).expect(0).last("authority");
    receiver.run(&["grant", "trust", text(&authority, "campaign"), "--name", "Nets"]).expect(0);
    let revoke = ["grant", "revoke", "--authority", key, "--first", &fingerprint(&rogue)];
    let list = text(&office.run(&revoke).expect(0).last("issued"), "text").to_owned();
    let listed = receiver.run(&["grant", "add", &list]).expect(0).events("dataset_from_device");
    assert!(listed.iter().any(|dataset| dataset["boundary"] == villages[0]), "{listed:?}");
    assert!(receiver.holdings().records() > 0, "data is removed only with --remove-data");
    receiver.run(&["grant", "add", "--remove-data", &list]).expect(0);
    assert_eq!(receiver.holdings().records(), 0);
}

#[test]
fn reports_a_later_version_with_fewer_records() {
    let field = Field::new("conflict", 90);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &villages);
    let half = field.device("half");
    server.fill(&half, &villages);
    keep_a_few(&half, &villages[0]);
    send(&half, &receiver);
    let mut receiving = receiver.receive(&["--yes", "--once"]);
    let summary = distributor.send(&[&receiver], &[]).finish().expect(0).last("send_summary");
    let saved = receiving.event("saved");
    receiving.finish().expect(0);
    assert_eq!(text(&summary["receivers"][0], "comparison"), "conflict", "{summary}");
    let of_village = saved["boundaries"].as_array().expect("a list").iter().find(|it| it["boundary"] == villages[0]);
    assert_eq!(of_village.map(|it| text(it, "comparison")), Some("conflict"), "{saved}");
    assert!(receiver.holdings().records() >= distributor.holdings().records(), "the missing records are added");
}
