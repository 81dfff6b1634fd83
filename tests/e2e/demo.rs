//! `fieldcast demo`: what a newcomer runs first.

use crate::support::{Field, text, whole};

#[test]
fn the_demo_shows_both_days_and_its_numbers_agree() {
    let field = Field::new("demo", 90);
    let device = field.device("nobody");
    let ended = device.run(&["demo", "--households", "300", "--receivers", "2", "--seed", "3"]).expect(0);
    let summary = ended.last("demo_summary");
    assert_eq!((whole(&summary, "receivers"), whole(&summary, "saved")), (2, 2), "{summary}");
    assert_eq!(summary["digests_equal"], true, "{summary}");
    assert!(whole(&summary, "records") > 0, "{summary}");
    assert!(whole(&summary, "json_bytes") >= 10 * whole(&summary, "wire_bytes"), "{summary}");
    // The second day brings the changes only.
    assert!(whole(&summary, "changed_records") > 0, "{summary}");
    assert!(whole(&summary, "delta_wire_bytes") * 10 < whole(&summary, "wire_bytes"), "{summary}");
    let steps: Vec<_> = ended.events("demo_step").iter().map(|step| text(step, "step").to_owned()).collect();
    assert!(["proof", "proof_again"].iter().all(|proof| steps.iter().any(|step| step == proof)), "{steps:?}");
    assert!(!device.dir.exists(), "the demo has a folder of its own and leaves the user's alone");
}

#[test]
fn the_demo_tells_a_person_a_story_that_ends_in_a_table() {
    let field = Field::new("story", 90);
    let device = field.device("nobody");
    let ended = device.run_plain(&["demo", "--households", "60", "--receivers", "1"]).expect(0);
    let told = ended.stdout.join("\n");
    for word in ["receiver-1", "equal", "records"] {
        assert!(told.contains(word), "no `{word}` in:\n{told}");
    }
    assert!(!told.contains("\"event\""), "JSON is for --json:\n{told}");
}
