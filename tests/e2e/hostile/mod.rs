//! Peers that send garbage, wrong lengths, incomplete frames or data that they did not offer. The receiver disconnects
//! each one with a typed reason, its memory stays flat, and an honest distributor succeeds afterwards.

mod bundle;
mod input;
mod peer;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fieldcast_bundle::ChunkHash;
use fieldcast_model::{DeviceName, ServerTime};
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Credentials, Hello, Message, Offer, Role};

use self::bundle::FakeBundle;
use self::peer::Peer;
use crate::support::{Field, Process, Server, config, text};

/// Allowed memory growth during an attack, in KiB: room for threads and the allocator, but not for a frame of the
/// announced 8 MiB or 4 GiB.
const MAX_GROWTH_KIB: u64 = 6 << 10;

/// A receiver that accepts all offers, and a server for an honest distributor.
struct Scene {
    field: Field,
    server: Server,
    receiving: Process,
    addr: SocketAddr,
}

impl Scene {
    fn new(test: &'static str) -> Self {
        let field = Field::new(test, 90);
        let server = Server::start(config(40, 1));
        let receiver = field.device("receiver");
        let mut receiving = receiver.start(&["receive", "--interface", "127.0.0.1", "--name", &receiver.name, "--yes"]);
        let listening = receiving.event("listening");
        let addr = text(&listening, "addr").parse().expect("an address");
        Self { field, server, receiving, addr }
    }

    fn hello(&self) -> Peer {
        let mut peer = Peer::connect(self.addr);
        let secret = peer.handshake_secret();
        peer.send(&Message::Hello(Hello::new(Role::Distributor, DeviceName::new("hostile"), &secret)));
        peer.send(&Message::Reveal { nonce: secret.nonce, credentials: Credentials::default() });
        peer
    }

    /// A peer with an accepted offer.
    fn accepted(&self, bundle: &FakeBundle) -> Peer {
        let mut peer = self.hello();
        peer.send(&Message::Offer(bundle.offer()));
        peer.wait_for(|message| matches!(message, Message::Accept(_)));
        peer
    }

    /// Waits until the receiver has sent this peer the reason, and has published it as an event.
    fn assert_ended(&mut self, mut peer: Peer, why: &str) {
        let reason = peer.reason();
        assert!(reason.contains(why), "the peer got `{reason}` instead of `{why}`");
        let fingerprint = peer.fingerprint().to_string();
        // The peer stays connected. This must not affect other peers.
        let ended = self.receiving.event("ended");
        assert_eq!(text(&ended, "fingerprint"), fingerprint, "{ended}");
        assert!(text(&ended, "reason").contains(why), "the reason is not `{why}`: {ended}");
    }

    /// Sends from an honest distributor. The receiver then has exactly that data.
    fn assert_honest_distributor_succeeds(mut self) {
        let (distributor, receiver) = (self.field.device("distributor"), self.field.device("receiver"));
        self.server.fill(&distributor, &self.server.villages());
        distributor.send(&[&receiver], &[]).finish().expect(0);
        self.receiving.event("saved");
        self.receiving.kill();
        receiver.holdings().assert_equal(&distributor.holdings(), "after the hostile peers");
    }
}

/// Resident memory of a process, in KiB.
fn resident_kib(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Reads until the other side disconnects. Fails after 15 s, which is longer than the handshake limit.
fn assert_disconnected(mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a limit");
    let begun = Instant::now();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert!(begun.elapsed() < Duration::from_secs(15), "the receiver did not disconnect: {error}"),
    }
    assert!(answer.len() < 1024, "the receiver answered garbage with {} bytes", answer.len());
}

#[test]
fn rejects_garbage_and_impossible_lengths() {
    let mut scene = Scene::new("garbage");
    // The first round allocates everything that is created on first use.
    for round in 0..2 {
        let before = resident_kib(&scene.receiving);
        for _ in 0..if round == 0 { 2 } else { 20 } {
            send_garbage(&scene);
            announce_four_gib(&mut scene);
            send_unreadable(&mut scene);
        }
        let after = resident_kib(&scene.receiving);
        println!("round {round}: {before} KiB before, {after} KiB after");
        assert!(round == 0 || after < before + MAX_GROWTH_KIB, "memory went from {before} to {after} KiB");
    }
    scene.assert_honest_distributor_succeeds();
}

/// Sends bytes that are not TLS. The receiver publishes no event, because the peer has no identity.
fn send_garbage(scene: &Scene) {
    for garbage in [&b"GET / HTTP/1.1\r\nHost: phone\r\n\r\n"[..], &[0xff; 64 << 10], &[22, 3, 1, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(scene.addr).expect("a listening receiver");
        // Ignores errors, because the receiver may disconnect early.
        stream.write_all(garbage).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        assert_disconnected(stream);
    }
}

fn announce_four_gib(scene: &mut Scene) {
    for kind in [1, 2, 3] {
        let mut peer = scene.hello();
        peer.send_raw(&[kind, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        scene.assert_ended(peer, "frame too long");
    }
}

fn send_unreadable(scene: &mut Scene) {
    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Control, &[0xff; 64]);
    scene.assert_ended(peer, "unreadable message");
}

#[test]
fn disconnects_stalled_peers_without_using_memory() {
    let mut scene = Scene::new("stops");
    let before = resident_kib(&scene.receiving);
    // All at the same time: after the TCP handshake, after the hello, in a header, and in a frame.
    let silent: Vec<TcpStream> =
        (0..8).map(|_| TcpStream::connect(scene.addr).expect("a listening receiver")).collect();
    let mut stopped = vec![Peer::connect(scene.addr), scene.hello()];
    for part in [&[1, 0, 0][..], &[1, 0, 0, 1, 0], &[1, 0, 0, 1, 0, 1, 2, 3]] {
        let mut peer = scene.hello();
        peer.send_raw(part);
        stopped.push(peer);
    }
    // A peer with an accepted offer, which announces a frame of 8 MiB.
    let mut peer = scene.accepted(&FakeBundle::new(30));
    peer.send_raw(&[3, 0, 0, 128, 0, 1, 2, 3]);
    stopped.push(peer);
    let during = resident_kib(&scene.receiving);
    for _ in &stopped {
        let reason = text(&scene.receiving.event("ended"), "reason").to_owned();
        assert!(reason.contains("lost"), "{reason}");
    }
    silent.into_iter().for_each(assert_disconnected);
    let after = resident_kib(&scene.receiving);
    println!("{before} KiB before, {during} KiB during, {after} KiB after");
    assert!(during.max(after) < before + MAX_GROWTH_KIB, "memory: {before}, {during}, {after} KiB");

    // The receiver reports a peer that disconnects inside a frame at once.
    let mut peer = scene.hello();
    peer.send_raw(&[1, 0, 0, 1, 0, 1, 2, 3]);
    drop(peer);
    assert!(text(&scene.receiving.event("ended"), "reason").contains("lost"));
    scene.assert_honest_distributor_succeeds();
}

#[test]
fn rejects_data_before_consent() {
    let mut scene = Scene::new("consent");
    let bundle = FakeBundle::new(30);
    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Chunk, &bundle.chunk_frame());
    scene.assert_ended(peer, "out of turn");

    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Manifest, &bundle.manifest().encode());
    scene.assert_ended(peer, "out of turn");

    // Directly after the offer, before an answer is possible.
    let mut peer = scene.hello();
    peer.send(&Message::Offer(bundle.offer()));
    peer.send_frame(FrameKind::Chunk, &bundle.chunk_frame());
    scene.assert_ended(peer, "out of turn");

    let mut peer = Peer::connect(scene.addr);
    peer.send(&Message::Offer(bundle.offer()));
    scene.assert_ended(peer, "out of turn");
    scene.assert_honest_distributor_succeeds();
}

#[test]
fn refuses_more_bytes_than_the_user_agreed_to() {
    let mut scene = Scene::new("larger");
    let bundle = FakeBundle::new(30);
    let mut peer = scene.hello();
    peer.send(&Message::Offer(Offer { bytes: 1, ..bundle.offer() }));
    peer.wait_for(|message| matches!(message, Message::Accept(_)));
    peer.send_frame(FrameKind::Manifest, &bundle.manifest().encode());
    scene.assert_ended(peer, "does not match the offer");
    scene.assert_honest_distributor_succeeds();
}

#[test]
fn rejects_data_that_differs_from_the_offer() {
    let mut scene = Scene::new("altered");
    let bundle = FakeBundle::new(30);
    let not_as_offered = "does not match the offer";

    let mut peer = scene.accepted(&bundle);
    peer.send_frame(FrameKind::Manifest, &[0xff; 200]);
    scene.assert_ended(peer, not_as_offered);

    // The manifest of another offer.
    let mut peer = scene.accepted(&bundle);
    peer.send_frame(FrameKind::Manifest, &FakeBundle::new(31).manifest().encode());
    scene.assert_ended(peer, not_as_offered);

    // A chunk whose bytes do not match the manifest's hash.
    let mut altered = bundle.chunk_frame();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&bundle.manifest());
    peer.send_frame(FrameKind::Chunk, &altered);
    scene.assert_ended(peer, not_as_offered);

    // Other records with their right hash: the digest differs.
    let mut manifest = bundle.manifest();
    let other = FakeBundle::new(31).chunk();
    manifest.snapshots[0].chunks[0].hash = ChunkHash(other.hash.0);
    manifest.snapshots[0].chunks[0].bytes = other.bytes.len() as u32;
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &other.bytes));
    scene.assert_ended(peer, not_as_offered);

    // A chunk of another bundle.
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&bundle.manifest());
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &FakeBundle::new(31).chunk().bytes));
    scene.assert_ended(peer, not_as_offered);

    // A zstd bomb with its right hash.
    let bomb = bundle.bomb();
    let mut manifest = bundle.manifest();
    manifest.snapshots[0].chunks[0].hash = ChunkHash::of(&bomb);
    manifest.snapshots[0].chunks[0].bytes = bomb.len() as u32;
    let before = resident_kib(&scene.receiving);
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &bomb));
    scene.assert_ended(peer, not_as_offered);
    let after = resident_kib(&scene.receiving);
    assert!(after < before + MAX_GROWTH_KIB, "memory went from {before} to {after} KiB");

    // Changes that do not lead to the signed data: the receiver keeps none of them.
    let mut manifest = FakeBundle::new(29).manifest();
    let changes = &mut manifest.snapshots[0];
    (changes.summary, changes.since) = (bundle.offer().snapshots.remove(0), Some(ServerTime(0)));
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &FakeBundle::new(29).chunk_frame());
    peer.wait_for(|message| matches!(message, Message::Differs(_)));
    drop(peer);
    assert!(text(&scene.receiving.event("ended"), "reason").contains("lost"));

    // A snapshot that differs from the one its signer signed.
    let mut offer = bundle.offer();
    offer.snapshots[0].records += 1;
    let mut peer = scene.hello();
    peer.send(&Message::Offer(offer));
    scene.assert_ended(peer, "not signed by the device it is said to come from");

    // A chunk that the receiver did not request.
    let mut peer = scene.accepted(&bundle);
    peer.send_manifest(&bundle.manifest());
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(7, &bundle.chunk().bytes));
    scene.assert_ended(peer, "out of turn");
    scene.assert_honest_distributor_succeeds();
}
