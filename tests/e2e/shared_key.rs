//! Two devices with one key, because the data folder of one was copied to the other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Device, Field, Process, Server, config, text};

/// Waits until these, and no others, are said to have one key. On loopback devices of other tests are heard, too.
fn await_told(process: &mut Process, devices: &[&Device], is_own: bool) {
    let named = |told: &Value| -> BTreeSet<String> {
        let devices = told["devices"].as_array().expect("a list");
        devices.iter().map(|device| text(device, "peer").to_owned()).collect()
    };
    let expected = devices.iter().map(|device| device.name.clone()).collect();
    process.event_where("shared_key", |told| named(told) == expected && told["is_own"] == is_own);
}

fn copied(device: &Device, field: &Field, role: &str) -> Device {
    let copy = field.device(role);
    device.copy_to(&copy.dir);
    copy
}

#[test]
fn devices_with_one_key_are_told_on_every_screen_until_one_gets_a_new_identity() {
    let field = Field::new("onekey", 120);
    let server = Server::start(config(30, 1));
    let [distributor, first] = ["distributor", "first"].map(|role| field.device(role));
    server.fill(&distributor, &server.villages());
    first.run(&["status"]).expect(0);
    let second = copied(&first, &field, "second");

    let mut receiving = [&first, &second].map(|device| device.receive(&["--yes"]));
    let mut sending = distributor.send(&[&first, &second], &["--wait", "5"]);
    await_told(&mut sending, &[&first, &second], false);
    for (process, other) in receiving.iter_mut().zip([&second, &first]) {
        await_told(process, &[other], true);
    }
    sending.finish().expect(6);
    drop(receiving);

    second.run(&["--new-identity", "status"]).expect(0);
    let receiving = [&first, &second].map(|device| device.receive(&["--yes", "--once"]));
    distributor.send(&[&first, &second], &[]).finish().expect(0);
    receiving.into_iter().for_each(|process| _ = process.finish().expect(0));
    second.holdings().assert_equal(&distributor.holdings(), "with a key of its own");
}

#[test]
fn distributor_is_told_of_a_copy_of_its_own_folder() {
    let field = Field::new("clone", 90);
    let server = Server::start(config(30, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let clone = copied(&distributor, &field, "clone");
    let mut receiving = clone.receive(&["--yes"]);
    let mut sending = distributor.send(&[&clone], &["--wait", "6"]);
    await_told(&mut sending, &[&clone], true);
    receiving.event_where("shared_key", |told| told["is_own"] == true);
}
