//! `fieldcast edits`: a device keeps its edits beside the server's records when new data arrives.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Device, Field, Server, config, text, whole};

/// The households of a device by id.
fn households(device: &Device) -> BTreeMap<String, Value> {
    let shown = device.run(&["records", "--entity", "Household", "--deleted", "--limit", "0"]).expect(0);
    shown.events("record").into_iter().map(|record| (text(&record, "id").to_owned(), record["body"].clone())).collect()
}

/// Adds an edit of a household with this body.
fn add(device: &Device, boundary: &str, body: &Value, flags: &[&str]) -> Value {
    fs::write(device.dir.with_extension("json"), body.to_string()).expect("a file");
    let file = device.dir.with_extension("json");
    let command = ["edits", "add", "--boundary", boundary, "--entity", "Household", file.to_str().expect("UTF-8")];
    device.run(&[&command, flags].concat()).expect(0).last("edit")
}

fn edits(device: &Device, flags: &[&str]) -> BTreeMap<String, Value> {
    let listed = device.run(&[&["edits"], flags].concat()).expect(0).events("edit");
    listed.into_iter().map(|edit| (text(&edit, "id").to_owned(), edit)).collect()
}

/// Digest and number of records of every dataset.
fn digests(device: &Device) -> Vec<(String, u64)> {
    let datasets = device.run(&["status"]).expect(0).events("dataset");
    datasets.iter().map(|dataset| (text(dataset, "digest").to_owned(), whole(dataset, "records"))).collect()
}

fn transfer(distributor: &Device, receiver: &Device) {
    let receiving = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[receiver], &[]).finish().expect(0);
    receiving.finish().expect(0);
}

/// Edits two households and adds a new record to the first one. These edits are no conflicts and change no digest.
fn edit_three(device: &Device, village: &str, households: [(&String, &Value); 2]) {
    let unedited = digests(device);
    for (id, body) in households {
        let mut body = body.clone();
        body["memberCount"] = 99.into();
        let edit = add(device, village, &body, &[]);
        assert_eq!((text(&edit, "id"), text(&edit, "root")), (id.as_str(), id.as_str()), "{edit}");
        assert_eq!(edit["body"], body, "{edit}");
    }
    let root = households[0].0.as_str();
    let new = json!({"clientReferenceId": "registered-here", "memberCount": 2});
    let edit = add(device, village, &new, &["--root", root, "--delete"]);
    assert_eq!((text(&edit, "root"), &edit["deleted"]), (root, &Value::Bool(true)), "{edit}");
    assert_eq!(digests(device), unedited, "edits change no digest");
    assert!(edits(device, &["--conflicts"]).is_empty());
}

/// Resolves a conflict with `keep`, then deletes the edit with `sent`. Both then fail, because the edit is gone.
fn settle_conflict(device: &Device, village: &str, id: &str) {
    let settle = |what| device.run(&["edits", what, id, "--boundary", village, "--entity", "Household"]);
    settle("keep").expect(0).last("edit_kept");
    assert!(edits(device, &["--conflicts"]).is_empty());
    settle("sent").expect(0).last("edit_sent");
    assert!(!edits(device, &[]).contains_key(id));
    for what in ["sent", "keep"] {
        let error = settle(what).expect(2).last("error");
        assert!(text(&error, "message").contains("fieldcast edits"), "{error}");
    }
}

#[test]
fn keeps_edits_and_detects_conflicts() {
    let field = Field::new("edits", 90);
    let server = Server::start(config(60, 1));
    let villages = server.villages();
    let (distributor, receiver) = (field.device("distributor"), field.device("receiver"));
    server.fill(&distributor, &villages);
    transfer(&distributor, &receiver);

    // Two households: one changes on the server, the other does not.
    let before = households(&distributor);
    server.sandbox.advance(200).expect("a share");
    let reference = field.device("reference");
    server.fill(&reference, &villages);
    let after = households(&reference);
    let find = |changes: bool| before.iter().find(|(id, body)| (after.get(*id) != Some(*body)) == changes);
    let [moving, still] = [true, false].map(|changes| find(changes).expect("some change, some do not"));

    for device in [&distributor, &receiver] {
        edit_three(device, &villages[0], [moving, still]);
    }

    server.fill(&distributor, &villages);
    transfer(&distributor, &receiver);
    let truth = server.truth(&villages);
    for device in [&distributor, &receiver] {
        let listed = edits(device, &[]);
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert_eq!(listed[still.0]["base_moved"], false, "{listed:?}");
        assert!(
            listed.iter().filter(|(id, _)| before.contains_key(*id)).all(|(_, edit)| edit["body"]["memberCount"] == 99)
        );
        let conflicts = edits(device, &["--conflicts"]);
        assert_eq!(conflicts.keys().collect::<Vec<_>>(), [moving.0], "{conflicts:?}");
        device.holdings().assert_equal(&truth, &device.name);
    }
    assert_eq!(digests(&distributor), digests(&receiver));
    let shown = receiver.run_plain(&["edits"]).expect(0).stdout.join("\n");
    assert!(shown.contains("conflict: the server's version has changed"), "{shown}");
    settle_conflict(&receiver, &villages[0], moving.0);
}

#[test]
fn rejects_edits_of_an_ambiguous_village() {
    let field = Field::new("where", 60);
    let server = Server::start(config(20, 1));
    let (device, moment) = (field.device("phone"), server.moment());
    let (village, projects) = (&moment.leaves()[0], moment.projects());
    server.log_in(&device);
    for project in projects {
        device.run(&["downsync", "--all", "--project", &project.id]).expect(0);
    }
    let file = field.path().join("edit.json");
    let refused = |body: &str, boundary: &str, flags: &[&str], advice: &str| {
        fs::write(&file, body).expect("a file");
        let file = file.to_str().expect("UTF-8");
        let command = ["edits", "add", "--boundary", boundary, "--entity", "Household", file];
        let error = device.run(&[&command, flags].concat()).expect(2).last("error");
        assert!(text(&error, "message").contains(advice), "no `{advice}` in {error}");
    };
    let (body, project) = (r#"{"clientReferenceId":"one"}"#, ["--project", projects[1].id.as_str()]);
    refused(body, &village.name, &[], "--project");
    refused(body, "Nowhere", &[], "fieldcast status");
    refused("{}", &village.name, &project, "--id");
    refused(body, &village.name, &[&project[..], &["--id", "other"]].concat(), "not other");
    refused("[]", &village.name, &project, "start with {");
    assert!(edits(&device, &[]).is_empty());
    let edit = add(&device, &village.name, &json!({"clientReferenceId": "one"}), &project);
    assert_eq!((text(&edit, "project"), text(&edit, "root")), (projects[1].id.as_str(), "one"), "{edit}");
    // `-` names the data outside all boundaries.
    let outside = add(&device, "-", &json!({"clientReferenceId": "two"}), &project);
    assert_eq!(outside["boundary"], Value::Null, "{outside}");
}
