//! The main job with kills: downsync, send to three, saved; whatever is killed goes on where it was.

use std::time::Duration;

use fieldcast_sandbox::{FaultKind, When};

use crate::support::{Device, Field, Process, Server, config, text, whole};

#[test]
fn downsync_and_receiver_survive_kill_9_and_every_database_equals_the_servers_data() {
    let field = Field::new("journey", 150);
    let server = Server::start(config(900, 3));
    let villages = server.villages();
    let distributor = field.device("distributor");
    download_through_three_kills(&server, &distributor, &villages);
    let truth = server.truth(&villages);
    assert!(truth.records() > 12_000, "{} records are too few to be killed in", truth.records());

    let receivers = ["first", "second", "killed"].map(|role| field.device(role));
    let [first, second, mut third] = receivers.each_ref().map(|receiver| receiver.receive(&["--yes", "--once"]));
    let send = distributor.send(&receivers.each_ref(), &["--wait", "60"]);

    let (staged, total) = run_until_partly_staged(&mut third);
    third.kill();
    // No `--yes`: the person has answered for this very offer, and is not asked again.
    let mut third = receivers[2].receive(&["--once"]);
    let resumed = third.event_where("receive_state", |event| whole(event, "total") > 0);
    assert!(whole(&resumed, "total") <= total - staged, "{staged} of {total} were on disk, now: {resumed}");

    let wires = [first, second, third].map(|process| whole(&process.finish().expect(0).last("saved"), "wire"));
    assert!(wires[2] < wires[0].min(wires[1]), "the resumed one got as many bytes as the others: {wires:?}");
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (3, 3), "{summary}");

    let sent = distributor.holdings();
    sent.assert_equal(&truth, "the distributor and the server");
    for receiver in &receivers {
        receiver.holdings().assert_equal(&sent, &receiver.name);
    }
}

/// Kills the download early in it, in the middle, and right after its first village is complete.
fn download_through_three_kills(server: &Server, distributor: &Device, villages: &[String]) {
    server.log_in(distributor);
    // On the loopback pages come faster than anybody can kill.
    server.always(When::Always, FaultKind::Slow { ms: 200 });
    let command = server.downsync(villages);
    let command: Vec<&str> = command.iter().map(String::as_str).collect();
    for moment in [&["downsync_progress"][..], &["downsync_progress"; 3], &["downsync_done"]] {
        let mut process = distributor.start(&command);
        for event in moment {
            process.event(event);
        }
        process.kill();
    }
    let requests_before = server.sandbox.downsync_requests();
    let ended = distributor.run(&command).expect(0);
    let summary = ended.last("downsync_summary");
    assert_eq!((whole(&summary, "done"), whole(&summary, "failed")), (3, 0), "{summary}");

    // A village that was complete is asked for anew; of the others only what was still missing.
    let pages: Vec<u64> = server.moment().leaves().iter().map(|leaf| leaf.households.div_ceil(100)).collect();
    let requests = server.sandbox.downsync_requests() - requests_before;
    assert!(requests < pages.iter().sum(), "the last run asked for {requests} pages of {pages:?}");
}

/// Lets a receiver run in short steps until some of the bundle is on its disk, but not all, however fast this machine
/// is: what has arrived is committed a second later, and the receiver spends nearly all of that second stopped.
fn run_until_partly_staged(receiver: &mut Process) -> (u64, u64) {
    let partly = |event: &serde_json::Value| text(event, "event") == "receive_state" && whole(event, "staged") > 0;
    receiver.event_where("receive_state", |event| whole(event, "total") > 0);
    let mut step = Duration::from_millis(10);
    loop {
        receiver.signal("STOP");
        std::thread::sleep(Duration::from_millis(1100));
        receiver.signal("CONT");
        let event = receiver.next_within(step).expect("it is not done yet");
        if let Some(event) = event.filter(partly) {
            let (staged, total) = (whole(&event, "staged"), whole(&event, "total"));
            assert!(staged < total, "it was not caught in the middle: {event}");
            return (staged, total);
        }
        step += step / 2;
    }
}

#[test]
fn a_second_downsync_brings_what_changed_and_a_second_send_only_that() {
    let field = Field::new("again", 90);
    let server = Server::start(config(150, 1));
    let villages = server.villages();
    let (distributor, receiver) = (field.device("distributor"), field.device("receiver"));
    server.fill(&distributor, &villages);
    let first = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    let first = whole(&first.finish().expect(0).last("saved"), "wire");

    let same = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    let same = whole(&same.finish().expect(0).last("saved"), "wire");
    assert!(same * 4 < first, "nothing was new, yet {same} bytes went over the wire (the first time {first})");

    server.sandbox.advance(20).expect("a share");
    server.fill(&distributor, &villages);
    let changed = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    changed.finish().expect(0);
    let sent = distributor.holdings();
    sent.assert_equal(&server.truth(&villages), "the distributor and the server, a day later");
    receiver.holdings().assert_equal(&sent, "the receiver, a day later");
}
