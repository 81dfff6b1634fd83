//! `fieldcast doctor` and `fieldcast invite`: their findings and output. Both change nothing.

use std::fs;

use crate::support::{Ended, Field, text};

fn finding(ended: &Ended, checked: &str) -> String {
    let checks = ended.events("check");
    let check = checks.iter().find(|check| check["checked"] == checked);
    text(check.unwrap_or_else(|| panic!("no {checked} in {checks:?}")), "finding").to_owned()
}

#[test]
fn finds_problems_without_changing_anything() {
    let field = Field::new("doctor", 60);
    let device = field.device("phone");
    let doctor = ["doctor", "--interface", "127.0.0.1"];
    let ended = device.run(&doctor).expect(0);
    assert_eq!(ended.events("check").len(), 8);
    assert_eq!(finding(&ended, "multicast"), "ok");
    assert!(!device.dir.exists());

    let receiver = device.receive(&["--yes"]);
    assert_eq!(finding(&device.run(&doctor).expect(0), "database"), "warning");
    receiver.kill();

    // SQLite would read the damaged pages from a remaining log.
    fs::remove_file(device.dir.join("fieldcast.db-wal")).expect("the log of a killed receiver");
    let database = device.dir.join("fieldcast.db");
    fs::write(&database, "no database").expect("writing a test file");
    assert_eq!(finding(&device.run(&doctor).expect(5), "database"), "problem");
    assert_eq!(fs::read(&database).expect("the database"), b"no database");
    let ended = device.run(&["doctor", "--interface", "p2p-9"]).expect(4);
    assert_eq!(finding(&ended, "interfaces"), "problem");
    let plain = device.run_plain(&doctor).expect(5).stdout.join("\n");
    assert!(plain.contains("PROBLEM") && plain.contains("-> "), "{plain}");
}

#[test]
fn reads_back_a_shown_invite() {
    let field = Field::new("invite", 60);
    let device = field.device("phone");
    // Any variable works. This one holds the test's password.
    let group = ["--group", "DIRECT-fc Asha", "--passphrase-env", "FIELDCAST_PASSWORD"];
    let show = [&["invite", "show", "--address", "192.168.49.1:47000"], &group[..]].concat();
    let start = |args: &[&str]| device.start_with(args, "eight letters").finish();
    let shown = start(&[&["--json"], &show[..]].concat()).expect(0).last("invite");
    let read = device.run(&["invite", "read", text(&shown, "uri")]).expect(0).last("invite");
    for same in ["group", "address", "fingerprint", "expires"] {
        assert_eq!(read[same], shown[same], "{same}");
    }
    assert!(read["passphrase"].is_null() && read["uri"].is_null(), "{read}");
    let read = device.run(&["invite", "read", "--reveal", text(&shown, "uri")]).expect(0).last("invite");
    assert_eq!(read["passphrase"], "eight letters");

    let plain = start(&show).expect(0).stdout.join("\n");
    assert!(plain.contains("fieldcast:1?") && plain.contains('\u{2588}'), "{plain}");
    let old = text(&shown, "uri").replace("&x=", "&later=1&x=1&later=");
    let refused = device.run(&["invite", "read", &old]).expect(2).last("error");
    assert!(text(&refused, "message").contains("ask for a new one"), "{refused}");
}
