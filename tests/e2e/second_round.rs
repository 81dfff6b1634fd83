//! The campaign's data changes: a receiver with the first version gets only the changes. A receiver with a later
//! version keeps it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Device, Ended, Field, Process, Server, config, text, whole};

/// Sends to these receivers while each of them receives.
fn send(distributor: &Device, receivers: &[&Device]) -> (Value, Vec<Ended>) {
    let receiving: Vec<Process> = receivers.iter().map(|receiver| receiver.receive(&["--yes", "--once"])).collect();
    let summary = distributor.send(receivers, &[]).finish().expect(0).last("send_summary");
    assert_eq!(whole(&summary, "saved"), receivers.len() as u64, "{summary}");
    (summary, receiving.into_iter().map(|process| process.finish().expect(0)).collect())
}

/// The values of this key for all receivers of the summary.
fn each<'s>(summary: &'s Value, key: &'s str) -> impl Iterator<Item = &'s Value> {
    summary["receivers"].as_array().expect("a list").iter().map(move |receiver| &receiver[key])
}

fn wire(summary: &Value) -> u64 {
    each(summary, "wire").filter_map(Value::as_u64).max().expect("a number")
}

fn comparisons(summary: &Value) -> Vec<&str> {
    each(summary, "comparison").map(|comparison| comparison.as_str().unwrap_or_default()).collect()
}

/// Every record of a device as one line, with body and version.
fn records(device: &Device) -> BTreeSet<String> {
    let shown = device.run(&["records", "--deleted", "--limit", "0"]).expect(0);
    shown.stdout.into_iter().collect()
}

fn downsync(server: &Server, device: &Device) -> Value {
    let command = server.downsync(&server.villages());
    device.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(0).last("downsync_summary")
}

#[test]
fn sends_only_changes_and_keeps_later_versions() {
    let field = Field::new("second", 90);
    let server = Server::start(config(240, 2));
    let villages = server.villages();
    let [distributor, yesterday, first, second] =
        ["distributor", "yesterday", "first", "second"].map(|role| field.device(role));
    for device in [&distributor, &yesterday] {
        server.fill(device, &villages);
    }
    let (all, _) = send(&distributor, &[&first, &second]);
    assert_eq!(comparisons(&all), ["equal", "equal"]);

    let before = records(&distributor);
    server.sandbox.advance(10).expect("a share");
    let changed = whole(&downsync(&server, &distributor), "changed");
    let differing = records(&distributor).difference(&before).count() as u64;
    assert!(changed > 0 && changed == differing, "the summary counts {changed} changes, but there are {differing}");

    let (changes, _) = send(&distributor, &[&first, &second]);
    assert_eq!(comparisons(&changes), ["equal", "equal"]);
    assert!(wire(&changes) * 10 < wire(&all), "{} after {} bytes", wire(&changes), wire(&all));
    let sent = distributor.holdings();
    sent.assert_equal(&server.truth(&villages), "the distributor and the server, a day later");
    for receiver in [&first, &second] {
        receiver.holdings().assert_equal(&sent, &receiver.name);
    }

    let (late, received) = send(&yesterday, &[&first]);
    assert_eq!(comparisons(&late), ["ahead"]);
    assert!(wire(&late) < wire(&changes), "older data was sent: {late}");
    let saved = received[0].last("saved");
    let outcomes = saved["boundaries"].as_array().expect("a list");
    let of_villages = outcomes.iter().filter(|outcome| outcome["boundary"].is_string());
    assert!(of_villages.map(|outcome| text(outcome, "comparison")).eq(["ahead", "ahead"]), "{saved}");
    first.holdings().assert_equal(&sent, "the receiver with the later version");

    // Both screens show it.
    let receiving = first.start_with(&["receive", "--interface", "127.0.0.1", "--yes", "--once"], "");
    let sending =
        yesterday.run_plain(&["send", "--unverified", "--interface", "127.0.0.1", "--to", &first.name]).expect(0);
    for ended in [sending, receiving.finish().expect(0)] {
        let stdout = ended.stdout.join("\n");
        assert!(stdout.contains("has a later version") && stdout.contains("kept it"), "{}: {stdout}", ended.what);
    }
}
