//! `fieldcast export` and `fieldcast import`: the same data on an SD card.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use fieldcast_store::Store;
use serde_json::Value;

use crate::support::{Device, Field, Server, config, text, whole};

/// A path as an argument.
fn arg(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A device with this server's data, and its exported file.
fn exported(field: &Field, server: &Server) -> (Device, PathBuf) {
    let (device, file) = (field.device("distributor"), field.path().join("all.fcb"));
    server.fill(&device, &server.villages());
    device.run(&["export", arg(&file)]).expect(0);
    (device, file)
}

/// The importing device's comparison results, by boundary. The empty boundary is the data outside all boundaries.
fn comparisons(imported: &Value) -> Vec<(&str, &str)> {
    let outcomes = imported["boundaries"].as_array().expect("a list");
    outcomes.iter().map(|outcome| (text(outcome, "boundary"), text(outcome, "comparison"))).collect()
}

#[test]
fn imports_exactly_the_exported_data() {
    let field = Field::new("file", 60);
    let server = Server::start(config(60, 2));
    let villages = server.villages();
    let (distributor, receiver) = (field.device("distributor"), field.device("receiver"));
    server.fill(&distributor, &villages);
    let file = field.path().join("cärd 1.fcb");
    let written = distributor.run(&["export", arg(&file)]).expect(0).last("exported");
    assert_eq!(whole(&written, "bytes"), fs::metadata(&file).expect("the file").len(), "{written}");
    assert_eq!(written["boundaries"], Value::from(villages.clone()), "{written}");
    assert!(whole(&written, "json_bytes") > 3 * whole(&written, "bytes"), "{written}");

    let bytes = fs::read(&file).expect("the file");
    let again = distributor.run(&["export", arg(&file), &villages[0]]).expect(2).last("error");
    assert!(text(&again, "message").contains("--force"), "{again}");
    assert!(fs::read(&file).expect("the file") == bytes, "the file was replaced without --force");

    let asking = receiver.run(&["import", arg(&file)]).expect(2).last("error");
    assert!(text(&asking, "message").contains("--yes"), "{asking}");
    let ended = receiver.run(&["import", arg(&file), "--yes"]).expect(0);
    let device = &distributor.run(&["status"]).expect(0).events("device")[0];
    let bundle = &ended.events("bundle")[0];
    assert_eq!(text(bundle, "fingerprint"), text(device, "fingerprint"), "{bundle}");
    for key in ["records", "households", "bytes"] {
        assert_eq!(whole(bundle, key), whole(&written, key), "{key}");
    }
    let imported = ended.last("imported");
    assert!(comparisons(&imported).iter().all(|(_, comparison)| *comparison == "equal"), "{imported}");
    let sent = distributor.holdings();
    receiver.holdings().assert_equal(&sent, "imported");
    let twice = receiver.run(&["import", arg(&file), "--yes"]).expect(0).last("imported");
    assert_eq!(comparisons(&twice), comparisons(&imported), "the second import changes nothing");

    distributor.run(&["export", arg(&file), &villages[0], "--force"]).expect(0);
    let one = field.device("one");
    let imported = one.run(&["import", arg(&file), "--yes"]).expect(0).last("imported");
    assert_eq!(comparisons(&imported), [(villages[0].as_str(), "equal"), ("", "equal")]);
}

#[test]
fn rejects_altered_files_and_names_the_damage() {
    let field = Field::new("badfile", 60);
    let (_, file) = exported(&field, &Server::start(config(60, 1)));
    let intact = fs::read(&file).expect("the file");
    let receiver = field.device("receiver");
    let rejects = |what: &str, bytes: &[u8], why: &[&str]| {
        let bad = field.path().join("bad.fcb");
        fs::write(&bad, bytes).expect("a file");
        let error = receiver.run(&["import", arg(&bad), "--yes"]).expect(7).last("error");
        let message = text(&error, "message");
        let names = |part: &&&str| message.contains(**part);
        assert!(why.iter().filter(names).count() == why.len() && message.contains("bad.fcb"), "{what}: {message}");
        assert_eq!(receiver.holdings().records(), 0, "{what}: records were saved");
    };
    let altered = |at: usize| {
        let mut bytes = intact.clone();
        bytes[at] ^= 1;
        bytes
    };
    rejects("half of the file", &intact[..intact.len() / 2], &["cut off", "chunks", "copy it again"]);
    rejects("all but one byte", &intact[..intact.len() - 1], &["cut off", "chunks"]);
    rejects("only the first bytes", &intact[..40], &["cut off", "manifest"]);
    rejects("an empty file", &[], &["cut off", "first bytes"]);
    rejects("an altered manifest", &altered(60), &["altered"]);
    rejects("an altered chunk", &altered(intact.len() - 9), &["chunk", "damaged"]);
    rejects("extra bytes at the end", &[&intact, &b"more"[..]].concat(), &["altered"]);
    rejects("a photo", &[0xff, 0xd8, 0xff, 0xe0].repeat(999), &["not a Fieldcast bundle file"]);

    let missing = receiver.run(&["import", arg(&field.path().join("missing.fcb")), "--yes"]).expect(2).last("error");
    assert!(text(&missing, "message").contains("missing.fcb"), "{missing}");
    receiver.run(&["import", arg(&file), "--yes"]).expect(0);
}

#[cfg(unix)]
#[test]
fn exports_privately_without_following_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let field = Field::new("planted", 60);
    let server = Server::start(config(20, 1));
    let device = field.device("phone");
    server.fill(&device, &server.villages());
    let (file, victim) = (field.path().join("village.fcb"), field.path().join("victim"));
    fs::write(&victim, "precious").expect("a file");
    symlink(&victim, field.path().join("village.fcb.part")).expect("a link");
    symlink(&victim, &file).expect("a link");
    device.run(&["export", "--force", file.to_str().expect("UTF-8")]).expect(0);
    assert_eq!(fs::read_to_string(&victim).expect("a file"), "precious");
    let made = fs::symlink_metadata(&file).expect("a file");
    assert!(made.is_file() && made.permissions().mode() & 0o077 == 0, "{made:?}");
}

#[test]
fn resumes_a_killed_import() {
    let field = Field::new("killfile", 90);
    let (distributor, file) = exported(&field, &Server::start(config(700, 3)));
    let sent = distributor.holdings();
    let receiver = field.device("receiver");
    // Kills later each time, until some chunks are on disk but not all are applied.
    let mut delay = Duration::ZERO;
    let staged = loop {
        let mut process = receiver.start(&["import", arg(&file), "--yes"]);
        process.event("bundle");
        std::thread::sleep(delay);
        process.kill();
        // Each dataset is complete or absent: `holdings` checks the digests.
        assert!(receiver.holdings().records() < sent.records(), "the import ended before the kill");
        let incoming = Store::open(&receiver.dir).expect("an intact store").store.incoming().expect("an intact store");
        if let Some(staged) = incoming.first().filter(|incoming| incoming.chunks > 0) {
            break staged.bytes;
        }
        delay += Duration::from_millis(15);
    };
    assert!(staged > 0);
    let imported = receiver.run(&["import", arg(&file), "--yes"]).expect(0).last("imported");
    assert!(comparisons(&imported).iter().all(|(_, comparison)| *comparison == "equal"), "{imported}");
    receiver.holdings().assert_equal(&sent, "after the kills");
    let left = Store::open(&receiver.dir).expect("an intact store").store.incoming().expect("an intact store");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn keeps_newer_data_when_importing_older_files() {
    let field = Field::new("oldfile", 60);
    let server = Server::start(config(60, 1));
    let (_, file) = exported(&field, &server);
    server.sandbox.advance(50).expect("a share");
    let ahead = field.device("ahead");
    server.fill(&ahead, &server.villages());
    let before = ahead.holdings();
    let digests = |device: &Device| -> Vec<Value> {
        device
            .run(&["status"])
            .expect(0)
            .events("dataset")
            .into_iter()
            .map(|dataset| dataset["digest"].clone())
            .collect()
    };
    let digests_before = digests(&ahead);
    let imported = ahead.run(&["import", arg(&file), "--yes"]).expect(0).last("imported");
    let village = imported["boundaries"].as_array().expect("a list").iter().find(|it| it["boundary"].is_string());
    let comparison = village.map(|village| text(village, "comparison")).unwrap_or_default();
    assert!(["kept_newer", "ahead"].contains(&comparison), "{imported}");
    assert_eq!(digests(&ahead), digests_before);
    ahead.holdings().assert_equal(&before, "after an older file");
}
