//! `fieldcast profile`: the QR code with which phones find the campaign server.

use std::fs;

use serde_json::Value;

use crate::support::{Device, Field, Server, config, text};

const SERVER: [&str; 4] = ["--server", "https://hcm.example.org/", "--tenant", "mz"];

/// Runs the command in the office and returns its event.
fn profile(office: &Device, args: &[&str]) -> Value {
    office.run(&[&["profile"], args].concat()).expect(0).last("profile")
}

#[test]
fn shows_the_code_and_its_text() {
    let field = Field::new("profile", 30);
    let office = field.device("office");
    let server = profile(&office, &SERVER);
    let uri = "fieldcast://profile?server=https:%2F%2Fhcm.example.org&tenant=mz";
    assert_eq!((text(&server, "uri"), text(&server, "server")), (uri, "https://hcm.example.org"), "{server}");
    assert!(server["campaign"].is_null() && server["name"].is_null(), "{server}");

    let key = "C8".repeat(32);
    let of_campaign = [&SERVER[..], &["--campaign", &key, "--campaign-name", "Nampula 2026"]].concat();
    let campaign = profile(&office, &of_campaign);
    let uri = format!("{uri}&campaign={}&name=Nampula%202026", key.to_lowercase());
    assert_eq!(text(&campaign, "uri"), uri, "{campaign}");

    let image = field.path().join("code.svg");
    let to_image = [&["profile"], &of_campaign[..], &["--svg", image.to_str().expect("a path of ours")]].concat();
    let shown = office.run_plain(&to_image).expect(0).stdout;
    assert!(shown.contains(&uri) && shown.iter().filter(|line| line.contains('\u{2588}')).count() > 15, "{shown:?}");
    assert!(fs::read_to_string(&image).expect("an image").starts_with("<svg "));
    let refused = office.run_plain(&to_image).expect(2);
    assert!(refused.stderr.contains("exists"), "{}", refused.stderr);
    assert!(!office.dir.exists(), "the command needs no data folder");
}

#[test]
fn takes_the_server_of_the_login() {
    let field = Field::new("profiles", 60);
    let office = field.device("office");
    let refused = office.run_plain(&["profile"]).expect(2);
    assert!(refused.stderr.contains("--server"), "{}", refused.stderr);
    let server = Server::start(config(20, 1));
    server.log_in(&office);
    let shown = profile(&office, &["--allow-http"]);
    assert_eq!((text(&shown, "server"), text(&shown, "tenant")), (server.sandbox.url().as_str(), "mz"), "{shown}");
    assert_eq!(text(&profile(&office, &["--tenant", "pb", "--allow-http"]), "tenant"), "pb");
}

#[test]
fn rejects_values_that_phones_cannot_use() {
    let field = Field::new("no-profile", 30);
    let office = field.device("office");
    let http = ["--server", "http://192.0.2.1:8008", "--tenant", "mz"];
    for (args, advice) in [
        (&["--server", "hcm.example.org", "--tenant", "mz"][..], "https://hcm.example.org"),
        (&["--server", "https://asha:word@hcm.example.org", "--tenant", "mz"], "without user"),
        (&["--server", "https://hcm.example.org", "--tenant", " "], "tenant"),
        (&http, "--allow-http"),
        (&[&SERVER[..], &["--campaign", "c8c8"]].concat(), "64 hexadecimal digits"),
    ] {
        let error = office.run(&[&["profile"], args].concat()).expect(2).last("error");
        assert!(text(&error, "message").contains(advice), "{error}");
    }
    profile(&office, &[&http[..], &["--allow-http"]].concat());
}
