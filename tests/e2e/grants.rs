//! `fieldcast grant`: a campaign's office issues and revokes grants for devices that require them.

use std::path::Path;

use crate::support::{Device, Field, Server, config, text};

/// Runs a grant command in the office and returns the printed text.
fn grant(office: &Device, args: &[&str]) -> String {
    let issued = office.run(&[&["grant"], args].concat()).expect(0).last("issued");
    text(&issued, "text").to_owned()
}

/// The fingerprint as a user copies it from the device's screen.
fn fingerprint(device: &Device) -> String {
    let shown = device.run_plain(&["status"]).expect(0).stdout.join("\n");
    let is_whole = |word: &&str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    shown.split_whitespace().find(is_whole).unwrap_or_else(|| panic!("no fingerprint in\n{shown}")).to_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("a path of ours")
}

#[test]
fn exchanges_only_with_valid_grants() {
    let field = Field::new("grants", 90);
    let server = Server::start(config(40, 1));
    let [office, distributor, receiver] = ["office", "distributor", "receiver"].map(|role| field.device(role));
    server.fill(&distributor, &server.villages());
    let key = field.path().join("campaign.key");
    let key = path(&key);
    let authority = office.run(&["grant", "new-authority", key]).expect(0).last("authority");
    office.run(&["grant", "new-authority", key]).expect(2);
    for device in [&distributor, &receiver] {
        device.run(&["grant", "policy", "grant-required"]).expect(2); // no campaign is trusted yet
        device.run(&["grant", "trust", text(&authority, "campaign"), "--name", "Nets"]).expect(0);
        device.run(&["grant", "policy", "grant-required"]).expect(0);
    }
    let issue = |device: &Device, role: &str| {
        let fingerprint = fingerprint(device);
        let to = ["--device", &fingerprint, "--user", "Asha", "--tenant", "mz", "--role", role];
        grant(&office, &[&["issue", "--authority", key], &to[..]].concat())
    };
    let granted = issue(&distributor, "distributor");
    receiver.run(&["grant", "add", &granted]).expect(2); // the grant is for another device
    distributor.run(&["grant", "add", &granted]).expect(0);
    distributor.run(&["grant", "show", &granted[..granted.len() - 1]]).expect(2);

    let mut receiving = receiver.receive(&["--yes"]);
    let refused = distributor.send(&[&receiver], &[]).finish().expect(7).last("send_summary");
    assert!(text(&refused["receivers"][0], "reason").contains("not granted"), "{refused}");
    receiving.event("ended");
    receiving.kill();
    assert_eq!(receiver.holdings().records(), 0);

    receiver.run(&["grant", "add", &issue(&receiver, "receiver")]).expect(0);
    let mut receiving = receiver.receive(&["--yes"]);
    distributor.send(&[&receiver], &[]).finish().expect(0);
    receiving.event("saved");
    receiving.kill();
    receiver.holdings().assert_equal(&distributor.holdings(), "the granted data");

    let list = grant(&office, &["revoke", "--authority", key, "--first", &fingerprint(&receiver)]);
    let longer = grant(&office, &["revoke", "--authority", key, "--before", &list, &"07".repeat(32)]);
    distributor.run(&["grant", "add", &longer]).expect(0);
    let another = grant(&office, &["revoke", "--authority", key, "--before", &list, &"08".repeat(32)]);
    for (rejected, why) in [(&list, "older"), (&another, "same number")] {
        let refused = distributor.run_plain(&["grant", "add", rejected]).expect(2);
        assert!(refused.stderr.contains(why) && refused.stdout.is_empty(), "{}", refused.stderr);
    }
    let shown = distributor.run(&["grant", "show"]).expect(0).last("statement");
    assert_eq!(text(&shown, "kind"), "grant", "{shown}");
    let _receiving = receiver.receive(&["--yes"]);
    let refused = distributor.send(&[&receiver], &[]).finish().expect(7).last("send_summary");
    assert!(text(&refused["receivers"][0], "reason").contains("revoked"), "{refused}");
}
