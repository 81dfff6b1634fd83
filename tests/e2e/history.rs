//! `fieldcast history`: past transfers on both sides, and how many receivers have a version.

use serde_json::json;

use crate::support::{Field, Server, config, text};

#[test]
fn lists_past_transfers_on_both_sides() {
    let field = Field::new("history", 60);
    let server = Server::start(config(40, 1));
    let [distributor, first, second] = ["distributor", "first", "second"].map(|role| field.device(role));
    let villages = server.villages();
    server.fill(&distributor, &villages);
    assert!(distributor.run(&["history"]).expect(0).events("exchange").is_empty());

    let mut receiving = first.receive(&["--yes"]);
    distributor.send(&[&first], &[]).finish().expect(0);
    receiving.event("saved");
    receiving.kill();
    let mut receiving = second.receive(&["--no"]);
    distributor.send(&[&second], &[]).finish().expect(7);
    receiving.event("ended");
    receiving.kill();

    let listed = distributor.run(&["history"]).expect(0);
    let past = listed.events("exchange");
    let [declined, saved] = &past[..] else { panic!("not two exchanges: {past:?}") };
    let summary = |event: &serde_json::Value| ["role", "peer", "result"].map(|key| text(event, key).to_owned());
    assert_eq!(summary(declined), ["sent", second.name.as_str(), "declined"]);
    assert_eq!(
        (summary(saved), &saved["receipt"]),
        (["sent", first.name.as_str(), "saved"].map(str::to_owned), &json!(true))
    );
    let comparisons = [&saved["comparison"], &saved["snapshots"][0]["comparison"], &declined["comparison"]];
    assert_eq!(comparisons, [&json!("equal"), &json!("equal"), &json!(null)], "{past:?}");
    let distribution_stats = listed.events("distribution_stats");
    assert_eq!(distribution_stats.len(), villages.len() + 1, "{distribution_stats:?}");
    assert!(distribution_stats.iter().all(|of| of["saved"] == 1 && of["picked"] == 2), "{distribution_stats:?}");

    let received = first.run(&["history", "--limit", "1"]).expect(0).last("exchange");
    assert_eq!(["role", "result"].map(|key| text(&received, key)), ["received", "saved"]);
    assert_eq!((&received["receipt"], &received["snapshots"]), (&json!(true), &saved["snapshots"]));

    let shown = distributor.run_plain(&["history"]).expect(0).stdout.join("\n");
    assert!(shown.contains(&format!("to {} [", first.name)) && shown.contains("saved, receipt signed"), "{shown}");
    let whole = distributor.run_plain(&["history", "--full"]).expect(0).stdout.join("\n");
    assert!(whole.contains(text(saved, "fingerprint")) && !shown.contains(text(saved, "fingerprint")), "{whole}");
    assert!(shown.contains(": 1 of 2 phones up to date (version of "), "{shown}");
}
