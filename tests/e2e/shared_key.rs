//! Two devices with the same key, because the data folder of one was copied to the other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Device, Field, Process, Server, config, text};

/// Waits until the process reports exactly these devices as having the same key. On loopback it also finds devices of
/// other tests.
fn wait_for_shared_key(process: &mut Process, devices: &[&Device], is_own: bool) {
    let named = |event: &Value| -> BTreeSet<String> {
        let devices = event["devices"].as_array().expect("a list");
        devices.iter().map(|device| text(device, "peer").to_owned()).collect()
    };
    let expected = devices.iter().map(|device| device.name.clone()).collect();
    process.event_where("shared_key", |event| named(event) == expected && event["is_own"] == is_own);
}

fn copied(device: &Device, field: &Field, role: &str) -> Device {
    let copy = field.device(role);
    device.copy_to(&copy.dir);
    copy
}

#[test]
fn reports_shared_keys_until_one_is_replaced() {
    let field = Field::new("onekey", 120);
    let server = Server::start(config(30, 1));
    let [distributor, first] = ["distributor", "first"].map(|role| field.device(role));
    server.fill(&distributor, &server.villages());
    first.run(&["status"]).expect(0);
    let second = copied(&first, &field, "second");

    let mut receiving = [&first, &second].map(|device| device.receive(&["--yes"]));
    let mut sending = distributor.send(&[&first, &second], &["--wait", "5"]);
    wait_for_shared_key(&mut sending, &[&first, &second], false);
    for (process, other) in receiving.iter_mut().zip([&second, &first]) {
        wait_for_shared_key(process, &[other], true);
    }
    sending.finish().expect(6);
    drop(receiving);

    second.run(&["--new-identity", "status"]).expect(0);
    let receiving = [&first, &second].map(|device| device.receive(&["--yes", "--once"]));
    distributor.send(&[&first, &second], &[]).finish().expect(0);
    receiving.into_iter().for_each(|process| _ = process.finish().expect(0));
    second.holdings().assert_equal(&distributor.holdings(), "with a new key");
}

#[test]
fn reports_a_copy_of_the_distributors_folder() {
    let field = Field::new("clone", 90);
    let server = Server::start(config(30, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let clone = copied(&distributor, &field, "clone");
    let mut receiving = clone.receive(&["--yes"]);
    let mut sending = distributor.send(&[&clone], &["--wait", "6"]);
    wait_for_shared_key(&mut sending, &[&clone], true);
    receiving.event_where("shared_key", |event| event["is_own"] == true);
}
