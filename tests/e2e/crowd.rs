//! Thirty-two receivers at the same time. One stops during the transfer and one is killed: the others do not wait for
//! them, and the distributor's memory stays small. `cargo xtask bench crowd` measures the delay for the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Device, Field, Process, Server, config, text, whole};

const RECEIVERS: usize = 32;
/// Memory that a phone can spare.
const MEMORY_LIMIT: u64 = 64 << 20;

#[test]
fn saves_on_others_while_two_receivers_fail() {
    let field = Field::new("crowd", 150);
    let server = Server::start(config(300, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let receivers: Vec<Device> = (0..RECEIVERS).map(|n| field.device(&format!("r{n}"))).collect();
    let start = |device: &Device| (device.name.clone(), device.receive(&["--yes", "--once"]));
    let mut crowd: BTreeMap<String, Process> = receivers.iter().map(start).collect();

    let mut send = distributor.send(&receivers.iter().collect::<Vec<_>>(), &["--max-live", "32"]);
    let mut saved = BTreeSet::new();
    let mut interrupted: Vec<String> = Vec::new();
    while saved.len() < RECEIVERS - 2 {
        let event = send.event_where("send_state", |event| ["sending", "saved"].contains(&text(event, "state")));
        let peer = text(&event, "peer").to_owned();
        if text(&event, "state") == "saved" {
            assert!(!interrupted.contains(&peer), "{peer} had saved before the interruption");
            saved.insert(peer);
        } else if interrupted.is_empty() {
            crowd[&peer].signal("STOP");
            interrupted.push(peer);
        } else if interrupted.len() == 1 && interrupted[0] != peer {
            crowd.remove(&peer).expect("a running receiver").kill();
            interrupted.push(peer);
        }
    }
    if let Some(peak) = send.peak_memory() {
        println!("the distributor's peak memory: {peak} B");
        assert!(peak < MEMORY_LIMIT, "the distributor took {peak} B");
    }

    // Both continue when they are back.
    crowd[&interrupted[0]].signal("CONT");
    crowd.extend(receivers.iter().filter(|device| device.name == interrupted[1]).map(start));
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!(whole(&summary, "saved"), RECEIVERS as u64, "{summary}");
    let sent = distributor.holdings();
    crowd.into_values().for_each(|process| drop(process.finish().expect(0)));
    for device in &receivers {
        device.holdings().assert_equal(&sent, &device.name);
    }
}
