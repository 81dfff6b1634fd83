//! Peers that use words as weapons: names that steer a screen or a path, versions nobody speaks, one byte at a time.

use std::time::{Duration, Instant};

use fieldcast_model::DeviceName;
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Credentials, Hello, Message, Role};

use super::bundle::Liar;
use super::peer::Peer;
use super::{Scene, text};

/// Moves the cursor, clears the screen, turns the text around, and climbs out of a folder.
const WILD: &str = "\u{1b}[2J\u{202e}../../../../evil\u{7}\u{0}";

/// A hello under a name no honest device can have: the bytes of a tame one of the same length are exchanged.
fn hello_as(peer: &Peer, name: &str) -> Vec<u8> {
    let tame = "x".repeat(name.len());
    let hello = Message::Hello(Hello::new(Role::Distributor, DeviceName::new(&tame), &peer.opening()));
    let mut bytes = hello.encode();
    let at = bytes.windows(tame.len()).position(|part| part == tame.as_bytes()).expect("the name");
    bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
    bytes
}

#[test]
fn names_steer_neither_screen_nor_path() {
    let mut scene = Scene::new("names");
    let liar = Liar::new(30).called(WILD);
    let mut peer = Peer::call(scene.addr);
    let hello = hello_as(&peer, WILD);
    peer.send_frame(FrameKind::Control, &hello);
    peer.send(&Message::Reveal { nonce: peer.opening().nonce, credentials: Credentials::default() });
    peer.send(&Message::Offer(liar.offer()));
    peer.wait_for(|message| matches!(message, Message::Accept(_)));
    peer.send_manifest(&liar.manifest());
    peer.send_frame(FrameKind::Chunk, &liar.chunk_frame());
    peer.wait_for(|message| matches!(message, Message::Saved(_)));
    let saved = scene.receiving.event("saved");
    assert_eq!(text(&saved, "sender"), "[2J../../../../evil");
    scene.receiving.kill();

    let receiver = scene.field.device("receiver");
    for command in [&["status"][..], &["history"], &["records", "--limit", "1"]] {
        let shown = receiver.run_plain(command).expect(0).stdout.concat();
        let steers = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!shown.contains(steers), "{command:?}: {shown:?}");
        assert!(command[0] == "records" || shown.contains("../../../../evil"), "{command:?}: {shown:?}");
    }
    let named = |dir: &std::path::Path| {
        let entries = std::fs::read_dir(dir).expect("a folder");
        entries.filter(|entry| entry.as_ref().expect("an entry").file_name().to_string_lossy().contains("evil")).count()
    };
    let above = scene.field.path().ancestors().take(4);
    assert_eq!(above.chain([receiver.dir.as_path()]).map(named).sum::<usize>(), 0, "a file under a peer's name");
}

#[test]
fn a_version_nobody_speaks_is_told_with_what_to_do() {
    let mut scene = Scene::new("versions");
    for (newest, oldest) in [(9, 9), (0, 0)] {
        let mut peer = Peer::call(scene.addr);
        let hello = Hello::new(Role::Distributor, DeviceName::new("hostile"), &peer.opening());
        peer.send(&Message::Hello(Hello { protocol: newest, oldest, ..hello }));
        scene.assert_ended(peer, "update the older one");
    }
    let mut peer = Peer::call(scene.addr);
    let opening = peer.opening();
    peer.send(&Message::Hello(Hello::new(Role::Receiver, DeviceName::new("hostile"), &opening)));
    scene.assert_ended(peer, "same role");
    scene.an_honest_distributor_succeeds();
}

#[test]
fn a_byte_now_and_then_keeps_nobody_waiting() {
    let mut scene = Scene::new("drip");
    let mut peer = Peer::call(scene.addr);
    let hello = Hello::new(Role::Distributor, DeviceName::new("hostile"), &peer.opening());
    peer.send(&Message::Hello(hello));
    // A control frame of 200 bytes that comes in 50 s, though every byte of it is a sign of life.
    peer.send_raw(&[1, 200, 0, 0, 0]);
    let begun = Instant::now();
    let ended = loop {
        peer.send_raw(&[1]);
        match scene.receiving.next_within(Duration::from_millis(250)) {
            Ok(Some(event)) if event["event"] == "ended" => break event,
            _ => {}
        }
        assert!(begun.elapsed() < Duration::from_secs(25), "it is still listened to");
    };
    assert!(text(&ended, "reason").contains("lost"), "{ended}");
    scene.an_honest_distributor_succeeds();
}
