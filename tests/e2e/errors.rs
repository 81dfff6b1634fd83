//! Wrong input and unusable folders: a clear message with advice, the documented exit code, no data loss.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use fieldcast_sandbox::{FaultKind, When};
use serde_json::Value;

use crate::support::{Ended, Field, Server, USER, config, text, whole};

/// Returns the message of the error event. Checks its exit code and that it contains one of `advice`.
fn error(ended: Ended, code: i32, advice: &[&str]) -> String {
    let error = ended.expect(code).last("error");
    assert_eq!(error["exit_code"], code, "{error}");
    assert_advice(text(&error, "message"), advice);
    text(&error, "message").to_owned()
}

fn assert_advice(message: &str, advice: &[&str]) {
    assert!(advice.iter().any(|advice| message.contains(advice)), "no advice like {advice:?} in: {message}");
}

fn login(url: &str) -> [&str; 7] {
    ["login", "--server", url, "--tenant", "mz", "--user", USER]
}

#[test]
fn rejects_a_wrong_password_and_saves_nothing() {
    let field = Field::new("password", 60);
    let server = Server::start(config(20, 1));
    let device = field.device("phone");
    let url = server.sandbox.url();
    let wrong = |json: &[&str]| device.start_with(&[json, &login(&url)].concat(), "wrong").finish();
    error(wrong(&["--json"]), 3, &["check both"]);
    let ended = wrong(&[]).expect(3);
    assert_advice(&ended.stderr, &["check both"]);
    assert!(!ended.stderr.contains("wrong"), "the message repeats the password: {}", ended.stderr);
    error(device.run(&["boundaries"]), 3, &["fieldcast login"]);
}

#[test]
fn reports_an_unreachable_server_as_network_problem() {
    let field = Field::new("unreachable", 60);
    // A port that was free just before.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    let url = format!("http://127.0.0.1:{port}");
    error(field.device("phone").run(&login(&url)), 4, &["check the connection"]);
}

#[test]
fn requires_a_flag_for_plain_http() {
    let field = Field::new("http", 30);
    let ended = field.device("phone").run(&login("http://192.0.2.1"));
    let message = error(ended, 2, &["https"]);
    assert!(message.contains("allow-http"), "{message}");
}

#[test]
fn keeps_stored_data_when_downloads_break_off() {
    let field = Field::new("broken", 90);
    let server = Server::start(config(60, 3));
    let villages = server.villages();
    let device = field.device("phone");
    server.fill(&device, &villages[..1]);
    let dataset = || -> Value {
        let datasets = device.run(&["status"]).expect(0).events("dataset");
        datasets.into_iter().find(|dataset| text(dataset, "boundary") == villages[0]).expect("the first village")
    };
    let before = dataset();

    server.always(When::Boundary(villages[1].clone()), FaultKind::Truncated);
    server.always(When::Boundary(villages[2].clone()), FaultKind::Dropped);
    let command = server.downsync(&villages[1..]);
    let ended = device.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(7);
    let failed = ended.events("downsync_failed");
    assert_eq!(failed.len(), 2, "{failed:?}");
    failed.iter().for_each(|failed| assert_advice(text(failed, "error"), &["try again"]));

    assert_eq!(dataset(), before);
    let records = device.run(&["records", "--boundary", &villages[0], "--deleted", "--limit", "0"]).expect(0);
    assert_eq!(records.events("record").len() as u64, whole(&before, "records"));
    server.sandbox.clear_faults();
    server.fill(&device, &villages);
    device.holdings().assert_equal(&server.truth(&villages), "after the faults were cleared");
}

#[test]
fn returns_six_when_some_villages_fail() {
    let field = Field::new("some", 60);
    let server = Server::start(config(60, 2));
    let villages = server.villages();
    let device = field.device("phone");
    server.log_in(&device);
    server.always(When::Boundary(villages[1].clone()), FaultKind::ServerError);
    let command = server.downsync(&villages);
    let ended = device.run(&command.iter().map(String::as_str).collect::<Vec<_>>()).expect(6);
    let summary = ended.last("downsync_summary");
    assert_eq!((whole(&summary, "done"), whole(&summary, "failed")), (1, 1), "{summary}");
    assert_advice(text(&ended.events("downsync_failed")[0], "error"), &["try again later"]);
}

#[test]
fn names_a_port_in_use() {
    let field = Field::new("port", 30);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("a port").port().to_string();
    let device = field.device("phone");
    let receive = device.run(&["receive", "--interface", "127.0.0.1", "--port", &port]);
    let message = error(receive, 4, &["choose another port"]);
    assert!(message.contains(&port), "{message}");
    let sandbox = device.run(&["sandbox", "--listen", &format!("127.0.0.1:{port}")]);
    let message = error(sandbox, 4, &["another"]);
    assert!(message.contains(&port), "{message}");
}

#[test]
fn lists_interfaces_when_one_is_unknown() {
    let field = Field::new("interface", 30);
    let message = error(field.device("phone").run(&["receive", "--interface", "nosuch0"]), 4, &["choose one of"]);
    assert!(message.contains("nosuch0") && message.contains("127.0.0.1"), "{message}");
}

#[test]
fn names_an_unwritable_data_folder() {
    let field = Field::new("unwritable", 30);
    let file = field.path().join("file");
    fs::write(&file, "not a folder").expect("a file");
    let device = field.device("phone");
    // Below a file, and at a path where even root cannot create a folder.
    for dir in [file.join("data"), Path::new("/proc/fieldcast").to_owned()] {
        let message =
            error(device.at(&dir).run(&["status"]), 5, &["check that the folder exists and may be written to"]);
        assert!(message.contains(dir.to_str().expect("UTF-8")), "{message}");
        let ended = device.at(&dir).run_plain(&["status"]).expect(5);
        assert_advice(&ended.stderr, &["may be written to"]);
    }
    assert_eq!(fs::read_to_string(&file).expect("the file"), "not a folder");
}

#[test]
fn rejects_a_data_folder_in_use() {
    let field = Field::new("inuse", 30);
    let device = field.device("phone");
    let receiving = device.receive(&["--no"]);
    let message = error(device.run(&["status"]), 5, &["close that one or choose another folder"]);
    assert!(message.contains(device.dir.to_str().expect("UTF-8")), "{message}");
    drop(receiving);
    device.run(&["status"]).expect(0);
}

#[test]
fn recovers_and_keeps_a_damaged_database_file() {
    let field = Field::new("corrupt", 60);
    let server = Server::start(config(20, 1));
    let device = field.device("phone");
    server.fill(&device, &server.villages());
    let database = device.dir.join("fieldcast.db");
    let mut bytes = fs::read(&database).expect("the database");
    bytes[..64].fill(0xff);
    fs::write(&database, &bytes).expect("the database");

    let ended = device.run(&["status"]).expect(0);
    let recovered = ended.events("recovered");
    assert_eq!(recovered.len(), 1, "{:?}", ended.stdout);
    let moved = text(&recovered[0], "old_file");
    assert!(fs::read(moved).expect("the file moved aside") == bytes, "{moved} is not the damaged file");
    assert!(ended.events("dataset").iter().all(|dataset| dataset["complete"] == false), "{:?}", ended.stdout);
    // Fieldcast reports the damage once. The next start finds an intact database.
    let ended = device.run_plain(&["status"]).expect(0);
    assert!(!ended.stderr.contains("damaged"), "{}", ended.stderr);
    bytes[64..128].fill(0xff);
    fs::write(&database, &bytes).expect("the database");
    assert_advice(&device.run_plain(&["status"]).expect(0).stderr, &["fieldcast.db.corrupt-2"]);

    server.fill(&device, &server.villages());
    device.holdings().assert_equal(&server.truth(&server.villages()), "downloaded again");
}

#[test]
fn never_replaces_a_damaged_device_key() {
    let field = Field::new("key", 30);
    let device = field.device("phone");
    device.run(&["status"]).expect(0);
    let key = device.dir.join("device.key");
    fs::write(&key, "no key").expect("the key");
    error(device.run(&["status"]), 5, &["restore it"]);
    assert_eq!(fs::read(&key).expect("the key"), b"no key");
}

#[test]
fn distinguishes_no_receivers_from_no_data() {
    let field = Field::new("nothing", 60);
    let server = Server::start(config(20, 1));
    let device = field.device("phone");
    let empty = device.send(&[&field.device("absent")], &["--wait", "1"]).finish();
    assert_advice(text(&empty.last("error"), "message"), &["fieldcast downsync"]);
    server.fill(&device, &server.villages());
    let summary = device.send(&[&field.device("absent")], &["--wait", "1"]).finish().expect(7).last("send_summary");
    assert!(text(&summary["receivers"][0], "reason").contains("not found"), "{summary}");
    // Without `--to` and without a terminal, the command asks for `--to` or `--yes`.
    assert_advice(&device.run_plain(&["send", "--interface", "127.0.0.1"]).expect(2).stderr, &["--to", "--yes"]);
}
