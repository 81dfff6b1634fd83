//! `fieldcast demo`, the first command of a new user.

use crate::support::{Field, text, whole};

#[test]
fn shows_both_days_with_consistent_numbers() {
    let field = Field::new("demo", 90);
    let device = field.device("device");
    let ended = device.run(&["demo", "--households", "300", "--receivers", "2", "--seed", "3"]).expect(0);
    let summary = ended.last("demo_summary");
    assert_eq!((whole(&summary, "receivers"), whole(&summary, "saved")), (2, 2), "{summary}");
    assert_eq!(summary["digests_equal"], true, "{summary}");
    assert!(whole(&summary, "records") > 0, "{summary}");
    assert!(whole(&summary, "json_bytes") >= 10 * whole(&summary, "wire_bytes"), "{summary}");
    // The second day transfers only the changes.
    assert!(whole(&summary, "changed_records") > 0, "{summary}");
    assert!(whole(&summary, "delta_wire_bytes") * 10 < whole(&summary, "wire_bytes"), "{summary}");
    let steps: Vec<_> = ended.events("demo_step").iter().map(|step| text(step, "step").to_owned()).collect();
    assert!(["proof", "proof_again"].iter().all(|proof| steps.iter().any(|step| step == proof)), "{steps:?}");
    assert!(!device.dir.exists(), "the demo uses a separate folder and does not touch the user's folder");
}

#[test]
fn prints_readable_steps_and_a_table() {
    let field = Field::new("story", 90);
    let device = field.device("device");
    let ended = device.run_plain(&["demo", "--households", "60", "--receivers", "1"]).expect(0);
    let shown = ended.stdout.join("\n");
    for word in ["receiver-1", "matches", "records"] {
        assert!(shown.contains(word), "no `{word}` in:\n{shown}");
    }
    assert!(!shown.contains("\"event\""), "JSON without --json:\n{shown}");
}
