//! Transfers across network namespaces: the distributor as group owner, three clients, mDNS over the bridge, one shared
//! slow medium.

use std::io::Write;

use crate::support::{Field, Group, Server, config, text, whole};

/// Whether tests in namespaces can run. Fails in CI if they cannot.
pub(crate) fn can_run() -> bool {
    let Some(obstacle) = Group::obstacle() else { return true };
    assert!(std::env::var_os("CI").is_none(), "this test must run in CI: {obstacle}");
    // Writes to stderr directly, because the test runner hides printed text of passed tests.
    writeln!(std::io::stderr(), "NOT RUN, because this machine does not support it: {obstacle}").ok();
    false
}

#[test]
fn sends_to_three_clients_despite_a_kill() {
    if !can_run() {
        return;
    }
    let group = Group::up("slow", 3, 3_000);
    let field = Field::new("netns", 120);
    let server = Server::start(config(700, 3));
    let distributor = field.device("distributor");
    // Downloads outside the group, which has no internet.
    server.fill(&distributor, &server.villages());

    let distributor_there = distributor.inside(&group.owner());
    let receivers = [1, 2, 3].map(|n| field.device(&format!("client-{n}")).inside(&group.client(n)));
    let [first, second, mut third] = receivers.each_ref().map(|receiver| receiver.receive(&["--yes", "--once"]));
    let send = distributor_there.send(&receivers.each_ref(), &["--wait", "60"]);

    let partial = third.event_where("receive_state", |event| whole(event, "staged") > 0);
    assert!(whole(&partial, "staged") < whole(&partial, "total"), "the transfer ended before the kill: {partial}");
    third.kill();
    let third = receivers[2].receive(&["--once"]);
    let wires = [first, second, third].map(|process| whole(&process.finish().expect(0).last("saved"), "wire"));
    assert!(wires[2] < wires[0].min(wires[1]), "the resumed receiver got as many bytes as the others: {wires:?}");
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (3, 3), "{summary}");

    let sent = distributor.holdings();
    sent.assert_equal(&server.truth(&server.villages()), "the distributor and the server");
    for receiver in &receivers {
        receiver.holdings().assert_equal(&sent, &receiver.name);
    }
}

#[test]
fn resumes_in_a_new_group_with_other_addresses() {
    if !can_run() {
        return;
    }
    let group = Group::up("form", 2, 2_000);
    let field = Field::new("form", 120);
    let server = Server::start(config(800, 2));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());
    let there = distributor.inside(&group.owner());
    let [searching, dialing] = [1, 2].map(|n| field.device(&format!("client-{n}")).inside(&group.client(n)));
    let mut sending = there.send(&[&searching, &dialing], &["--wait", "60", "--resume-for", "30"]);
    let addr = text(&sending.event("listening"), "addr").to_owned();
    let mut receiving = [
        searching.receive(&["--yes", "--once"]),
        // This address stops working. After that, the receiver finds the distributor by mDNS.
        dialing.receive(&["--yes", "--once", "--from", &addr]),
    ];
    for process in &mut receiving {
        let partial = process.event_where("receive_state", |event| whole(event, "staged") > 0);
        assert!(whole(&partial, "staged") < whole(&partial, "total"), "the transfer ended before the group: {partial}");
    }
    group.disband();
    let [one, other] = &mut receiving;
    for process in [one, other, &mut sending] {
        process.event_where("network", |event| text(event, "state") == "lost");
    }
    group.form(77);
    for process in receiving {
        let ended = process.finish().expect(0);
        let back = &ended.events("network")[1];
        assert!(text(back, "addr").starts_with("192.168.77."), "{back}");
        let [first, rest] = ["asked", "resumed"].map(|event| ended.events(event).len());
        assert!(first == 1 && rest >= 1, "asked {first} times, resumed {rest} times");
    }
    let summary = sending.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (2, 2), "{summary}");
    for receiver in [&searching, &dialing] {
        receiver.holdings().assert_equal(&distributor.holdings(), &receiver.name);
    }
}

#[test]
fn chooses_the_groups_interface_without_a_name() {
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
    receiver.holdings().assert_equal(&distributor.holdings(), "over the automatically chosen interface");

    // Without an address other than loopback, there is no interface to choose.
    let error = field.device("lonely").inside(&group.medium()).run(&["receive"]).expect(4).last("error");
    assert!(text(&error, "message").contains("join or create the group's Wi-Fi"), "{error}");
}
