//! Receivers that do not save: the others finish, and the distributor reports each result with its reason.

use serde_json::Value;

use crate::support::{Field, Server, config, text, whole};

/// State and reason of this receiver in the summary.
fn outcome<'s>(summary: &'s Value, peer: &str) -> (&'s str, &'s str) {
    let all = summary["receivers"].as_array().expect("a list");
    let one = all.iter().find(|receiver| text(receiver, "peer") == peer);
    let one = one.unwrap_or_else(|| panic!("{peer} is missing in {summary}"));
    (text(one, "state"), text(one, "reason"))
}

#[test]
fn reports_a_result_for_every_kind_of_receiver() {
    let field = Field::new("outcomes", 90);
    let server = Server::start(config(60, 1));
    let distributor = field.device("distributor");
    server.fill(&distributor, &server.villages());

    let roles = ["saves", "declines", "silent", "vanishes", "absent"];
    let [saves, declines, silent, vanishes, absent] = roles.map(|role| field.device(role));
    let saving = saves.receive(&["--yes", "--once"]);
    let declining = declines.receive(&["--no", "--once"]);
    let mut silence = silent.receive(&["--once"]);
    let mut vanishing = vanishes.receive(&[]);
    let all = [&saves, &declines, &silent, &vanishes, &absent];
    let send = distributor.send(&all, &["--ask-for", "4", "--resume-for", "2", "--wait", "8"]);

    vanishing.event("asked");
    vanishing.kill();
    let asked = silence.event("asked");
    assert!(whole(&asked, "households") > 0 && !text(&asked, "sender").is_empty(), "{asked}");
    let summary = send.finish().expect(6).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (5, 1), "{summary}");
    assert_eq!(outcome(&summary, &saves.name), ("saved", ""));
    let failures = [(&declines, "declined"), (&silent, "no answer on the receiver"), (&absent, "not found")];
    for (receiver, why) in failures {
        let (state, reason) = outcome(&summary, &receiver.name);
        assert!(state == "failed" && reason.contains(why), "{}: {state}, {reason}", receiver.name);
    }
    let (state, reason) = outcome(&summary, &vanishes.name);
    assert!(state == "failed" && ["lost", "reached"].iter().any(|why| reason.contains(why)), "{state}, {reason}");

    saving.finish().expect(0).last("saved");
    for process in [declining, silence] {
        let ended = process.finish().expect(7).events("ended");
        assert_eq!(ended.len(), 1, "{ended:?}");
        assert!(!text(&ended[0], "reason").is_empty(), "{ended:?}");
    }
    saves.holdings().assert_equal(&distributor.holdings(), "the receiver that saved");
    for receiver in [&declines, &silent, &vanishes] {
        assert_eq!(receiver.holdings().records(), 0, "{} saved records", receiver.name);
    }
}

#[test]
fn returns_seven_when_no_receiver_saves() {
    let field = Field::new("nosave", 60);
    let server = Server::start(config(20, 1));
    let (distributor, declines) = (field.device("distributor"), field.device("declines"));
    server.fill(&distributor, &server.villages());
    let declining = declines.receive(&["--no"]);
    let summary = distributor.send(&[&declines], &[]).finish().expect(7).last("send_summary");
    assert_eq!((whole(&summary, "picked"), whole(&summary, "saved")), (1, 0), "{summary}");
    // The receiver still waits for the next distributor.
    distributor.send(&[&declines], &[]).finish().expect(7);
    drop(declining);
}

#[test]
fn receives_only_from_the_named_sender() {
    let field = Field::new("trust", 60);
    let server = Server::start(config(20, 1));
    let [trusted, other, receiver] = ["trusted", "other", "receiver"].map(|role| field.device(role));
    for distributor in [&trusted, &other] {
        server.fill(distributor, &server.villages());
    }
    let fingerprint = text(&trusted.run(&["status"]).expect(0).events("device")[0], "fingerprint").to_owned();
    let receiving = receiver.receive(&["--yes", "--from", &fingerprint, "--once"]);
    let refused = other.send(&[&receiver], &["--ask-for", "3"]).finish().expect(7).last("send_summary");
    assert_eq!(outcome(&refused, &receiver.name).0, "failed");
    // A declined sender does not end the wait for the trusted one.
    trusted.send(&[&receiver], &[]).finish().expect(0);
    receiving.finish().expect(0);
    receiver.holdings().assert_equal(&trusted.holdings(), "from the trusted sender");
}

#[test]
fn reports_ctrl_c_to_the_other_side() {
    let field = Field::new("stop", 60);
    let server = Server::start(config(20, 1));
    let (distributor, receiver) = (field.device("distributor"), field.device("receiver"));
    server.fill(&distributor, &server.villages());
    let mut receiving = receiver.receive(&[]);
    let send = distributor.send(&[&receiver], &[]);
    receiving.event("asked");
    receiving.signal("INT");
    receiving.finish().expect(130);
    let summary = send.finish().expect(7).last("send_summary");
    assert!(outcome(&summary, &receiver.name).1.contains("cancelled by the receiver"), "{summary}");

    let mut receiving = receiver.receive(&[]);
    let send = distributor.send(&[&receiver], &[]);
    receiving.event("asked");
    send.signal("INT");
    send.finish().expect(130);
    let ended = receiving.event("ended");
    assert!(text(&ended, "reason").contains("cancelled by the distributor"), "{ended}");
}

#[test]
fn asks_again_after_an_offer_is_withdrawn() {
    let field = Field::new("withdrawn", 90);
    let server = Server::start(config(1500, 1));
    let [distributor, receiver] = ["distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &server.villages());
    let send = || distributor.send(&[&receiver], &["--wait", "3", "--resume-for", "1"]);
    let unfinished = || receiver.run(&["offers"]).expect(0).events("unfinished_offer");

    let mut receiving = receiver.receive(&["--yes"]);
    let sending = send();
    receiving.event_where("receive_state", |event| text(event, "state") == "receiving");
    receiving.kill();
    sending.finish();
    let offers = unfinished();
    assert_eq!(offers.len(), 1, "{offers:?}");
    assert!(!text(&offers[0]["snapshots"][0], "project_name").is_empty(), "{offers:?}");
    receiver.run(&["offers", "withdraw", text(&offers[0], "sender")]).expect(0);
    assert!(unfinished().is_empty());
    receiver.run(&["offers", "withdraw", text(&offers[0], "sender")]).expect(2);

    let receiving = receiver.receive(&["--no", "--once"]);
    send().finish().expect(7);
    assert_eq!(receiving.finish().expect(7).events("asked").len(), 1, "the earlier acceptance is cancelled");
}
