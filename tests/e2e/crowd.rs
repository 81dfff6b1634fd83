//! Thirty-two receivers at once, one of which stops in mid-transfer and one of which is killed: nobody else waits for
//! them, and the distributor stays small. `cargo xtask bench crowd` measures what they cost the others.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{Device, Field, Process, Server, config, text, whole};

const RECEIVERS: usize = 32;
/// What a phone can spare.
const MOST: u64 = 64 << 20;

#[test]
fn of_thirty_two_one_stalls_and_one_dies_and_the_others_save_meanwhile() {
    let field = Field::new("crowd", 150);
    let server = Server::start(config(300, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let receivers: Vec<Device> = (0..RECEIVERS).map(|n| field.device(&format!("r{n}"))).collect();
    let start = |device: &Device| (device.name.clone(), device.receive(&["--yes", "--once"]));
    let mut crowd: BTreeMap<String, Process> = receivers.iter().map(start).collect();

    let mut send = distributor.send(&receivers.iter().collect::<Vec<_>>(), &["--max-live", "32"]);
    let mut saved = BTreeSet::new();
    let mut troubled: Vec<String> = Vec::new();
    while saved.len() < RECEIVERS - 2 {
        let event = send.event_where("send_state", |event| ["sending", "saved"].contains(&text(event, "state")));
        let peer = text(&event, "peer").to_owned();
        if text(&event, "state") == "saved" {
            assert!(!troubled.contains(&peer), "{peer} had saved before it came to grief");
            saved.insert(peer);
        } else if troubled.is_empty() {
            crowd[&peer].signal("STOP");
            troubled.push(peer);
        } else if troubled.len() == 1 && troubled[0] != peer {
            crowd.remove(&peer).expect("it runs").kill();
            troubled.push(peer);
        }
    }
    if let Some(peak) = send.peak_memory() {
        println!("the distributor's peak memory: {peak} B");
        assert!(peak < MOST, "the distributor took {peak} B");
    }

    // Neither is given up: each gets the rest when it is there again.
    crowd[&troubled[0]].signal("CONT");
    crowd.extend(receivers.iter().filter(|device| device.name == troubled[1]).map(start));
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!(whole(&summary, "saved"), RECEIVERS as u64, "{summary}");
    let sent = distributor.holdings();
    crowd.into_values().for_each(|process| drop(process.finish().expect(0)));
    for device in &receivers {
        device.holdings().assert_equal(&sent, &device.name);
    }
}
