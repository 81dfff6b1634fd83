//! Discovery without mDNS: by an invite, or by an address typed on either side.

use serde_json::Value;

use crate::support::{Device, Ended, Field, Process, Server, config, text, whole};

/// A distributor with data, and a receiver.
fn scene(test: &'static str) -> (Field, [Device; 2]) {
    let field = Field::new(test, 90);
    let server = Server::start(config(40, 1));
    let devices = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&devices[0], &server.villages());
    (field, devices)
}

/// Starts a send without mDNS and waits until it listens. Returns its listen address.
fn send(distributor: &Device, args: &[&str]) -> (Process, String) {
    let send = ["send", "--interface", "127.0.0.1", "--no-mdns", "--wait", "60"];
    let mut process = distributor.start(&[&send, args].concat());
    let listening = process.event("listening");
    (process, text(&listening, "addr").to_owned())
}

fn receive(receiver: &Device, args: &[&str]) -> Process {
    let receive = ["receive", "--interface", "127.0.0.1", "--no-mdns", "--name", &receiver.name];
    receiver.start(&[&receive, args].concat())
}

/// The ways in which the sender found the receiver.
fn ways(ended: &Ended) -> Vec<Value> {
    ended.events("peer_found").into_iter().map(|event| event["by"].clone()).collect()
}

fn assert_all_saved(sending: Process, receiver: &Device, distributor: &Device, expected: &[&str]) {
    let ended = sending.finish().expect(0);
    let summary = ended.last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (1, 1), "{summary}");
    assert_eq!(ways(&ended)[0], Value::from(expected.to_vec()), "{:?}", ways(&ended));
    receiver.holdings().assert_equal(&distributor.holdings(), &expected.join(" "));
}

#[test]
fn connects_by_invite_without_comparing_codes() {
    let (_field, [distributor, receiver]) = scene("invite");
    // Without `--unverified`, and without a user to compare a code.
    let (mut sending, _) = send(&distributor, &["--to", &receiver.name, "--invite"]);
    let invite = sending.event("invite");
    let receiving = receive(&receiver, &["--invite", text(&invite, "uri"), "--yes", "--once"]);
    let received = receiving.finish().expect(0);
    assert_eq!(received.events("asked")[0]["is_known"], true, "the invite holds its key");
    assert_all_saved(sending, &receiver, &distributor, &["connected", "invited"]);
}

#[test]
fn retries_an_address_until_the_distributor_starts() {
    let (_field, [distributor, receiver]) = scene("typed");
    let (first, addr) = send(&distributor, &["--unverified", "--to", "absent"]);
    first.kill();
    let mut receiving = receive(&receiver, &["--from", &addr, "--yes", "--once"]);
    let again = receiving.event_where("dial", |event| text(event, "state") == "retrying");
    assert_eq!(text(&again, "reason"), "unreachable", "{again}");
    let port = addr.rsplit(':').next().expect("a port");
    let (sending, _) = send(&distributor, &["--unverified", "--to", &receiver.name, "--port", port]);
    receiving.event_where("dial", |event| text(event, "state") == "connected");
    receiving.finish().expect(0);
    assert_all_saved(sending, &receiver, &distributor, &["connected"]);
}

#[test]
fn sends_to_an_address_typed_by_the_user() {
    let (_field, [distributor, receiver]) = scene("at");
    let mut receiving = receive(&receiver, &["--yes", "--once"]);
    let addr = text(&receiving.event("listening"), "addr").to_owned();
    let (sending, _) = send(&distributor, &["--unverified", "--at", &addr]);
    let received = receiving.finish().expect(0);
    assert_eq!(received.events("ended"), Vec::<Value>::new(), "the first contact must not appear as an event");
    assert_all_saved(sending, &receiver, &distributor, &["typed"]);
}

#[test]
fn rejects_unusable_invites_with_the_reason() {
    let (_field, [distributor, receiver]) = scene("uninvited");
    let (mut sending, addr) = send(&distributor, &["--to", &receiver.name, "--invite"]);
    let good = text(&sending.event("invite"), "uri").to_owned();
    let value = |key: &str| good.split(['?', '&']).find(|pair| pair.starts_with(key)).expect("a key").to_owned();
    let refused = |uri: &str, code: i32, why: &str| {
        let ended = receive(&receiver, &["--invite", uri, "--yes", "--once"]).finish().expect(code);
        let error = ended.last("error");
        assert!(text(&error, "message").contains(why), "{error}");
    };
    refused(&good.replace(&value("x="), "x=1"), 2, "expired");
    refused(&good.replace(&value("k="), &format!("k={}", "A".repeat(43))), 7, "another device answered");
    refused(&good.replace(&value("t="), &format!("t={}", "A".repeat(22))), 7, "not from this distributor");
    refused("https://example.org", 2, "not a Fieldcast invite");
    sending.signal("INT");
    let ended = sending.finish().expect(130);
    assert_eq!(ways(&ended), Vec::<Value>::new(), "{addr} lists no receiver");
    assert_eq!(receiver.holdings().records(), 0);
}

#[test]
fn dials_the_named_distributor_once_discovered() {
    let (_field, [distributor, receiver]) = scene("discovered");
    let [us, them] = [&distributor, &receiver].map(|device| device.name.as_str());
    distributor.run(&["status"]).expect(0);
    let mut receiving = receiver.receive(&["--from", us, "--yes"]);
    let set_name = ["receive", "--interface", "127.0.0.1", "--no-mdns", "--name", us];
    let mut named = distributor.start(&set_name);
    named.event("listening");
    named.kill();
    let mut sending = distributor.send(&[], &["--to", "absent", "--wait", "60"]);
    receiving.event_where("dial", |event| text(event, "state") == "connected");
    let by = |event: &Value| text(event, "peer") == them && event["by"] == serde_json::json!(["mdns", "connected"]);
    sending.event_where("peer_found", by);
}
