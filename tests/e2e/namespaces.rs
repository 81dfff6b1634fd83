//! The journey across network namespaces: the distributor as group owner, three clients, mDNS over the bridge, one shared
//! and slow medium.

use std::io::Write;

use crate::support::{Field, Group, Server, config, text, whole};

/// Whether tests in namespaces can run. In CI they must.
pub(crate) fn can_run() -> bool {
    let Some(obstacle) = Group::obstacle() else { return true };
    assert!(std::env::var_os("CI").is_none(), "in CI this must run: {obstacle}");
    // Past the test runner, which shows what a test prints only when it fails.
    writeln!(std::io::stderr(), "NOT RUN, as it cannot on this machine: {obstacle}").ok();
    false
}

#[test]
fn a_group_owner_sends_to_three_clients_one_of_them_killed_on_a_slow_link() {
    if !can_run() {
        return;
    }
    let group = Group::up("slow", 3, 3_000);
    let field = Field::new("netns", 120);
    let server = Server::start(config(700, 3));
    let distributor = field.device("distributor");
    // While there is internet: the group has none.
    server.fill(&distributor, &server.villages());

    let distributor_there = distributor.inside(&group.owner());
    let receivers = [1, 2, 3].map(|n| field.device(&format!("client-{n}")).inside(&group.client(n)));
    let [first, second, mut third] = receivers.each_ref().map(|receiver| receiver.receive(&["--yes", "--once"]));
    let send = distributor_there.send(&receivers.each_ref(), &["--wait", "60"]);

    let partly = third.event_where("receive_state", |event| whole(event, "staged") > 0);
    assert!(whole(&partly, "staged") < whole(&partly, "total"), "too fast to be killed in the middle: {partly}");
    third.kill();
    let third = receivers[2].receive(&["--once"]);
    let wires = [first, second, third].map(|process| whole(&process.finish().expect(0).last("saved"), "wire"));
    assert!(wires[2] < wires[0].min(wires[1]), "the resumed one got as many bytes as the others: {wires:?}");
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (3, 3), "{summary}");

    let sent = distributor.holdings();
    sent.assert_equal(&server.truth(&server.villages()), "the distributor and the server");
    for receiver in &receivers {
        receiver.holdings().assert_equal(&sent, &receiver.name);
    }
}

#[test]
fn a_group_that_is_formed_anew_with_other_addresses_in_mid_transfer_ends_in_saved() {
    if !can_run() {
        return;
    }
    let group = Group::up("form", 2, 2_000);
    let field = Field::new("form", 120);
    let server = Server::start(config(800, 2));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let there = distributor.inside(&group.owner());
    let [heard, called] = [1, 2].map(|n| field.device(&format!("client-{n}")).inside(&group.client(n)));
    let mut sending = there.send(&[&heard, &called], &["--wait", "60", "--resume-for", "30"]);
    let addr = text(&sending.event("listening"), "addr").to_owned();
    let mut receiving = [
        heard.receive(&["--yes", "--once"]),
        // By an address that will be of no use: after that, it is heard where the distributor is.
        called.receive(&["--yes", "--once", "--from", &addr]),
    ];
    for process in &mut receiving {
        let partly = process.event_where("receive_state", |event| whole(event, "staged") > 0);
        assert!(whole(&partly, "staged") < whole(&partly, "total"), "too fast to be cut in the middle: {partly}");
    }
    group.disband();
    let [one, other] = &mut receiving;
    for process in [one, other, &mut sending] {
        process.event_where("network", |event| text(event, "state") == "gone");
    }
    group.form(77);
    for process in receiving {
        let ended = process.finish().expect(0);
        let back = &ended.events("network")[1];
        assert!(text(back, "addr").starts_with("192.168.77."), "{back}");
        let [first, rest] = ["asked", "resumed"].map(|event| ended.events(event).len());
        assert!(first == 1 && rest >= 1, "asked {first} times, went on {rest} times");
    }
    let summary = sending.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (2, 2), "{summary}");
    for receiver in [&heard, &called] {
        receiver.holdings().assert_equal(&distributor.holdings(), &receiver.name);
    }
}

#[test]
fn without_a_name_the_groups_interface_is_found() {
    if !can_run() {
        return;
    }
    let group = Group::up("auto", 1, 20_000);
    let field = Field::new("auto", 60);
    let server = Server::start(config(20, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let (distributor, receiver) = (distributor.inside(&group.owner()), field.device("client").inside(&group.client(1)));
    let mut receiving = receiver.start(&["receive", "--name", &receiver.name, "--yes", "--once"]);
    let listening = receiving.event("listening").to_string();
    assert!(listening.contains("192.168.49.2:"), "{listening}");
    distributor.start(&["send", "--unverified", "--to", &receiver.name]).finish().expect(0);
    receiving.finish().expect(0);
    receiver.holdings().assert_equal(&distributor.holdings(), "over the interface that was chosen by itself");

    // Where nothing but the loopback has an address there is nothing to choose.
    let error = field.device("lonely").inside(&group.air()).run(&["receive"]).expect(4).last("error");
    assert!(text(&error, "message").contains("join or create the group's Wi-Fi"), "{error}");
}
