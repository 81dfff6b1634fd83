//! A complete transfer with kills: a downsync and a send to three receivers. Killed processes resume.

use std::time::Duration;

use fieldcast_sandbox::{FaultKind, When};

use crate::support::{Device, Field, Process, Server, config, text, whole};

#[test]
fn resumes_killed_downloads_and_receivers() {
    let field = Field::new("journey", 150);
    let server = Server::start(config(900, 3));
    let villages = server.villages();
    let distributor = field.device("distributor");
    download_through_three_kills(&server, &distributor, &villages);
    let truth = server.truth(&villages);
    assert!(truth.records() > 12_000, "{} records are too few for a kill", truth.records());

    let receivers = ["first", "second", "killed"].map(|role| field.device(role));
    let [first, second, mut third] = receivers.each_ref().map(|receiver| receiver.receive(&["--yes", "--once"]));
    let send = distributor.send(&receivers.each_ref(), &["--wait", "60"]);

    let (staged, total) = run_until_partially_staged(&mut third);
    third.kill();
    // Without `--yes`: the user has already accepted this offer, so the receiver does not ask again.
    let mut third = receivers[2].receive(&["--once"]);
    let resumed = third.event_where("receive_state", |event| whole(event, "total") > 0);
    assert!(whole(&resumed, "total") <= total - staged, "{staged} of {total} were on disk, now: {resumed}");

    let wires = [first, second, third].map(|process| whole(&process.finish().expect(0).last("saved"), "wire"));
    assert!(wires[2] < wires[0].min(wires[1]), "the resumed receiver got as many bytes as the others: {wires:?}");
    let summary = send.finish().expect(0).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (3, 3), "{summary}");

    let sent = distributor.holdings();
    sent.assert_equal(&truth, "the distributor and the server");
    for receiver in &receivers {
        receiver.holdings().assert_equal(&sent, &receiver.name);
    }
}

/// Kills the download early, in the middle, and right after the first complete village.
fn download_through_three_kills(server: &Server, distributor: &Device, villages: &[String]) {
    server.log_in(distributor);
    // Slows the pages down, because on loopback they arrive too fast for a kill.
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

    // The last run requests the complete village again, but only the missing pages of the others.
    let pages: Vec<u64> = server.moment().leaves().iter().map(|leaf| leaf.households.div_ceil(100)).collect();
    let requests = server.sandbox.downsync_requests() - requests_before;
    assert!(requests < pages.iter().sum(), "the last run asked for {requests} pages of {pages:?}");
}

/// Lets a receiver run in short steps until a part of the bundle is on its disk, on a machine of any speed. The
/// receiver commits data a second after its arrival, and it is stopped for nearly all of that second.
fn run_until_partially_staged(receiver: &mut Process) -> (u64, u64) {
    let is_partial = |event: &serde_json::Value| text(event, "event") == "receive_state" && whole(event, "staged") > 0;
    receiver.event_where("receive_state", |event| whole(event, "total") > 0);
    let mut step = Duration::from_millis(10);
    loop {
        receiver.signal("STOP");
        std::thread::sleep(Duration::from_millis(1100));
        receiver.signal("CONT");
        let event = receiver.next_within(step).expect("an unfinished transfer");
        if let Some(event) = event.filter(is_partial) {
            let (staged, total) = (whole(&event, "staged"), whole(&event, "total"));
            assert!(staged < total, "the transfer was already complete: {event}");
            return (staged, total);
        }
        step += step / 2;
    }
}

#[test]
fn transfers_only_changes_the_second_time() {
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
    assert!(same * 4 < first, "without changes, {same} bytes were sent (the first time {first})");

    server.sandbox.advance(20).expect("a share");
    server.fill(&distributor, &villages);
    let changed = receiver.receive(&["--yes", "--once"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    changed.finish().expect(0);
    let sent = distributor.holdings();
    sent.assert_equal(&server.truth(&villages), "the distributor and the server, a day later");
    receiver.holdings().assert_equal(&sent, "the receiver, a day later");
}
