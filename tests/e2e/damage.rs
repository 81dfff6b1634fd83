//! Flipped bits on a phone's storage. Fieldcast notices them when it uses the data, never sends the data as valid, and
//! repairs it or requests it again.

use std::fs;

use fieldcast_model::KeyRange;
use fieldcast_store::Store;

use crate::support::{Device, Field, Server, config, text};

/// The part of the database file that gets the flipped bit.
enum Target {
    /// The body of a task.
    Body,
    /// The stored hash of a record.
    Hash,
    /// The digest of a key range.
    Digest,
    /// A chunk in the cache.
    Chunk,
}

/// Flips a bit of a device's database file, in every copy of the target's bytes.
fn flip(device: &Device, village: &str, what: &Target) {
    let needle = {
        let store = Store::open(&device.dir).expect("an unused store").store;
        let status = store.datasets().expect("datasets").into_iter();
        let dataset = status.map(|status| status.summary.dataset).find(|it| it.boundary.as_deref() == Some(village));
        let dataset = dataset.expect("a downloaded village");
        let records = store.records_in_range(&dataset, KeyRange::ALL).expect("records");
        let task = records.iter().find(|record| record.entity.as_str() == "Task").expect("a task");
        let bits =
            (0..=12).find(|bits| !store.read(|it| it.cached_chunks(&dataset, *bits)).expect("chunks").is_empty());
        match what {
            Target::Body => task.body.as_str().as_bytes()[..200].to_vec(),
            Target::Hash => task.hash().0.to_vec(),
            Target::Digest => store.ranges(&dataset, 12).expect("ranges")[0].digest.as_bytes().to_vec(),
            Target::Chunk => {
                let chunk = store.read(|it| it.cached_chunks(&dataset, bits.unwrap_or(0))).expect("chunks")[0];
                store.chunk_bytes(&chunk.hash).expect("a chunk").expect("a chunk")[..500].to_vec()
            }
        }
    };
    let path = device.dir.join("fieldcast.db");
    let mut bytes = fs::read(&path).expect("a database");
    let found: Vec<usize> =
        bytes.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle).map(|(at, _)| at).collect();
    assert!(!found.is_empty(), "nothing to damage");
    found.into_iter().for_each(|at| bytes[at + 20] ^= 1);
    fs::write(&path, bytes).expect("a database");
}

#[test]
fn never_sends_damaged_records_and_repairs_them() {
    let field = Field::new("damaged", 120);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &villages);
    flip(&distributor, &villages[0], &Target::Body);
    let file = field.path().join("village.fcb");
    let file = file.to_str().expect("a UTF-8 path");
    let refused = distributor.run_plain(&["export", file]).expect(5);
    assert!(refused.stderr.contains("download or receive it again"), "{}", refused.stderr);
    assert!(!fs::exists(file).expect("a folder"), "a file with damaged data");
    let sending = distributor.send(&[&receiver], &["--wait", "1"]).finish();
    assert_ne!(sending.code, Some(0), "{:?}", sending.stdout);

    server.fill(&distributor, &villages);
    distributor.holdings().assert_equal(&server.truth(&villages), "repaired by a download");
    distributor.run(&["export", file]).expect(0);
    receiver.run(&["import", "--yes", file]).expect(0);
    receiver.holdings().assert_equal(&distributor.holdings(), "from the file");
}

#[test]
fn repairs_a_damaged_receiver_by_the_next_transfer() {
    for (what, name) in [(Target::Hash, "hash"), (Target::Digest, "digest"), (Target::Body, "body")] {
        let field = Field::new("accused", 120);
        let server = Server::start(config(60, 1));
        let villages = server.villages();
        let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
        server.fill(&distributor, &villages);
        let send = || {
            let receiving = receiver.receive(&["--yes", "--once"]);
            let summary = distributor.send(&[&receiver], &[]).finish().expect(0).last("send_summary");
            receiving.finish().expect(0);
            assert_eq!(text(&summary["receivers"][0], "comparison"), "equal", "{name}: {summary}");
        };
        send();
        flip(&receiver, &villages[0], &what);
        server.sandbox.advance(10).expect("a day");
        server.fill(&distributor, &villages);
        send();
        receiver.run(&["doctor", "--deep"]).expect(0);
        receiver.holdings().assert_equal(&distributor.holdings(), name);
    }
}

#[test]
fn sends_despite_a_damaged_chunk_cache() {
    let field = Field::new("cache", 90);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &villages);
    let file = field.path().join("village.fcb");
    distributor.run(&["export", file.to_str().expect("a UTF-8 path")]).expect(0);
    flip(&distributor, &villages[0], &Target::Chunk);
    let receiving = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    receiving.finish().expect(0);
    receiver.holdings().assert_equal(&distributor.holdings(), "encoded again");
}

/// Fills a page in the middle of a file with one bits.
fn damage_page(device: &Device, file: &str) {
    let path = device.dir.join(file);
    let mut bytes = fs::read(&path).expect("a database");
    let middle = bytes.len() / 4096 / 2 * 4096;
    bytes[middle..middle + 4096].fill(0xff);
    fs::write(&path, bytes).expect("a database");
}

#[test]
fn keeps_edits_and_login_after_database_damage() {
    let field = Field::new("outlive", 90);
    let server = Server::start(config(60, 1));
    let (villages, device) = (server.villages(), field.device("phone"));
    server.fill(&device, &villages);
    let record = device.run(&["records", "--entity", "Household", "--limit", "1"]).expect(0).events("record").remove(0);
    let body = field.path().join("edit.json");
    fs::write(&body, record["body"].to_string()).expect("a file");
    let add = ["edits", "add", "--boundary", &villages[0], "--entity", "Household", body.to_str().expect("UTF-8")];
    device.run(&add).expect(0);
    damage_page(&device, "fieldcast.db");
    let recovered = device.run(&["edits"]).expect(0);
    assert_eq!(recovered.events("recovered")[0]["lost_edits"], 0);
    assert_eq!(recovered.events("edit").len(), 1, "the edit has no other copy");
    let account = device.run(&["status"]).expect(0).events("device").remove(0);
    assert!(account["server"].is_string(), "still logged in: {account}");

    // With both files damaged, nothing is readable. Fieldcast reports this until the user confirms it.
    for file in ["fieldcast.db", "fieldcast-copy.db"] {
        let len = fs::metadata(device.dir.join(file)).expect("a file").len() as usize;
        fs::write(device.dir.join(file), vec![0xff; len]).expect("a file");
    }
    device.run(&["status"]).expect(0);
    for command in ["edits", "status", "doctor"] {
        let shown = device.run_plain(&[command]).expect(0).stdout.join(" ").to_lowercase();
        assert!(shown.contains("possibly lost"), "{command}: {shown}");
    }
    device.run(&["edits", "confirm-lost"]).expect(0);
    assert!(!device.run_plain(&["edits"]).expect(0).stdout.join(" ").to_lowercase().contains("possibly"));
}

#[test]
fn keeps_the_grant_policy_after_database_damage() {
    let field = Field::new("policy", 90);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let [office, stranger, device] = ["office", "stranger", "phone"].map(|role| field.device(role));
    [&stranger, &device].into_iter().for_each(|device| server.fill(device, &villages));
    let key = field.path().join("campaign.key");
    let authority = office.run(&["grant", "new-authority", key.to_str().expect("UTF-8")]).expect(0).last("authority");
    device.run(&["grant", "trust", text(&authority, "campaign"), "--name", "Nets"]).expect(0);
    device.run(&["grant", "policy", "grant-required"]).expect(0);
    let file = field.path().join("x.fcb");
    let file = file.to_str().expect("UTF-8");
    stranger.run(&["export", file]).expect(0);
    device.run(&["import", "--yes", file]).expect(7);
    damage_page(&device, "fieldcast.db");
    assert!(device.run_plain(&["import", "--yes", file]).expect(7).stderr.contains("granted"));
    for file in ["fieldcast.db", "fieldcast-copy.db"] {
        fs::write(device.dir.join(file), [0xff; 9000]).expect("a file");
    }
    let refused = device.run_plain(&["import", "--yes", file]).expect(7).stderr;
    assert!(refused.contains("granted") && refused.contains("set the policy again"), "{refused}");
}

#[test]
fn replaces_a_missing_key_only_on_demand() {
    let field = Field::new("nokey", 30);
    let device = field.device("phone");
    let fingerprint = || text(&device.run(&["status"]).expect(0).events("device")[0], "fingerprint").to_owned();
    let before = fingerprint();
    fs::remove_file(device.dir.join("device.key")).expect("a key");
    let refused = device.run_plain(&["status"]).expect(5).stderr;
    assert!(
        refused.contains(&before[..16]) && refused.contains("copy it back") && refused.contains("new identity"),
        "{refused}"
    );
    assert!(!device.dir.join("device.key").exists());
    device.run(&["--new-identity", "status"]).expect(0);
    assert_ne!(fingerprint(), before);
}

#[test]
fn verifies_and_repairs_all_data() {
    let field = Field::new("deep", 90);
    let server = Server::start(config(60, 1));
    let (villages, device) = (server.villages(), field.device("distributor"));
    server.fill(&device, &villages);
    device.run(&["doctor", "--deep"]).expect(0);
    flip(&device, &villages[0], &Target::Hash);
    let verified = device.run(&["doctor", "--deep"]).expect(0).events("verified").remove(0);
    assert_eq!((&verified["dropped"], &verified["repaired"]), (&0.into(), &1.into()), "{verified}");
    flip(&device, &villages[0], &Target::Body);
    let verified = device.run(&["doctor", "--deep"]).expect(5).events("verified").remove(0);
    assert_eq!(verified["dropped"], 1, "{verified}");
    server.fill(&device, &villages);
    device.run(&["doctor", "--deep"]).expect(0);
    device.holdings().assert_equal(&server.truth(&villages), "repaired");
}
