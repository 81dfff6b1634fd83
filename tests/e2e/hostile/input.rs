//! Hostile text and timing: names that control a terminal or a path, unsupported versions, one byte at a time.

use std::time::{Duration, Instant};

use fieldcast_model::DeviceName;
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Credentials, Hello, Message, Role};

use super::bundle::FakeBundle;
use super::peer::Peer;
use super::{Scene, text};

/// Clears the screen, reverses the text direction and leaves a folder.
const HOSTILE_NAME: &str = "\u{1b}[2J\u{202e}../../../../evil\u{7}\u{0}";

/// A hello with a name that the API does not allow. Replaces the bytes of a harmless name of the same length.
fn hello_as(peer: &Peer, name: &str) -> Vec<u8> {
    let harmless = "x".repeat(name.len());
    let hello = Message::Hello(Hello::new(Role::Distributor, DeviceName::new(&harmless), &peer.handshake_secret()));
    let mut bytes = hello.encode();
    let at = bytes.windows(harmless.len()).position(|part| part == harmless.as_bytes()).expect("the name");
    bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
    bytes
}

#[test]
fn removes_control_characters_from_peer_names() {
    let mut scene = Scene::new("names");
    let bundle = FakeBundle::new(30).with_name(HOSTILE_NAME);
    let mut peer = Peer::connect(scene.addr);
    let hello = hello_as(&peer, HOSTILE_NAME);
    peer.send_frame(FrameKind::Control, &hello);
    peer.send(&Message::Reveal { nonce: peer.handshake_secret().nonce, credentials: Credentials::default() });
    peer.send(&Message::Offer(bundle.offer()));
    peer.wait_for(|message| matches!(message, Message::Accept(_)));
    peer.send_manifest(&bundle.manifest());
    peer.send_frame(FrameKind::Chunk, &bundle.chunk_frame());
    peer.wait_for(|message| matches!(message, Message::Saved(_)));
    let saved = scene.receiving.event("saved");
    assert_eq!(text(&saved, "sender"), "[2J../../../../evil");
    scene.receiving.kill();

    let receiver = scene.field.device("receiver");
    for command in [&["status"][..], &["history"], &["records", "--limit", "1"]] {
        let shown = receiver.run_plain(command).expect(0).stdout.concat();
        let is_control = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!shown.contains(is_control), "{command:?}: {shown:?}");
        assert!(command[0] == "records" || shown.contains("../../../../evil"), "{command:?}: {shown:?}");
    }
    let named = |dir: &std::path::Path| {
        let entries = std::fs::read_dir(dir).expect("a folder");
        entries.filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().contains("evil")).count()
    };
    let above = scene.field.path().ancestors().take(4);
    assert_eq!(above.chain([receiver.dir.as_path()]).map(named).sum::<usize>(), 0, "a file named after a peer");
}

#[test]
fn rejects_unsupported_versions_with_advice() {
    let mut scene = Scene::new("versions");
    for (newest, oldest) in [(9, 9), (0, 0)] {
        let mut peer = Peer::connect(scene.addr);
        let hello = Hello::new(Role::Distributor, DeviceName::new("hostile"), &peer.handshake_secret());
        peer.send(&Message::Hello(Hello { protocol: newest, oldest, ..hello }));
        scene.assert_ended(peer, "update the older one");
    }
    let mut peer = Peer::connect(scene.addr);
    let secret = peer.handshake_secret();
    peer.send(&Message::Hello(Hello::new(Role::Receiver, DeviceName::new("hostile"), &secret)));
    scene.assert_ended(peer, "same role");
    scene.assert_honest_distributor_succeeds();
}

#[test]
fn disconnects_a_peer_that_sends_too_slowly() {
    let mut scene = Scene::new("drip");
    let mut peer = Peer::connect(scene.addr);
    let hello = Hello::new(Role::Distributor, DeviceName::new("hostile"), &peer.handshake_secret());
    peer.send(&Message::Hello(hello));
    // A control frame of 200 bytes that takes 50 s. Every byte looks like activity.
    peer.send_raw(&[1, 200, 0, 0, 0]);
    let begun = Instant::now();
    let ended = loop {
        peer.send_raw(&[1]);
        match scene.receiving.next_within(Duration::from_millis(250)) {
            Ok(Some(event)) if event["event"] == "ended" => break event,
            _ => {}
        }
        assert!(begun.elapsed() < Duration::from_secs(25), "the receiver still reads from the peer");
    };
    assert!(text(&ended, "reason").contains("lost"), "{ended}");
    scene.assert_honest_distributor_succeeds();
}
