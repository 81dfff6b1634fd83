//! `fieldcast demo`: what a newcomer runs first.

use crate::support::{Field, whole};

#[test]
fn the_demo_shows_the_whole_job_and_its_numbers_agree() {
    let field = Field::new("demo", 90);
    let device = field.device("nobody");
    let ended = device.run(&["demo", "--households", "300", "--receivers", "2", "--seed", "3"]).expect(0);
    let summary = ended.last("demo_summary");
    assert_eq!((whole(&summary, "receivers"), whole(&summary, "saved")), (2, 2), "{summary}");
    assert_eq!(summary["digests_equal"], true, "{summary}");
    assert!(whole(&summary, "records") > 0, "{summary}");
    assert!(whole(&summary, "json_bytes") > 3 * whole(&summary, "wire_bytes"), "{summary}");
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
