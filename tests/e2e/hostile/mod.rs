//! Peers that speak garbage, lie about lengths, stop in the middle or send what was not offered: each is dropped with a
//! typed reason, none moves the receiver's memory, and an honest distributor still succeeds afterwards.

mod bundle;
mod peer;
mod words;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use fieldcast_bundle::ChunkHash;
use fieldcast_model::{DeviceName, ServerTime};
use fieldcast_wire::frame::FrameKind;
use fieldcast_wire::{Credentials, Hello, Message, Offer, Role};

use self::bundle::Liar;
use self::peer::Peer;
use crate::support::{Field, Process, Server, config, text};

/// What a process may grow by while peers misbehave: threads that wake up and an allocator's slack, not one of the
/// 8 MiB or 4 GiB that were promised to it.
const SLACK_KIB: u64 = 6 << 10;

/// A receiver that says yes to everybody, and an honest distributor with data for it.
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
        let mut peer = Peer::call(self.addr);
        let opening = peer.opening();
        peer.send(&Message::Hello(Hello::new(Role::Distributor, DeviceName::new("hostile"), &opening)));
        peer.send(&Message::Reveal { nonce: opening.nonce, credentials: Credentials::default() });
        peer
    }

    /// A peer whose offer was accepted.
    fn accepted(&self, liar: &Liar) -> Peer {
        let mut peer = self.hello();
        peer.send(&Message::Offer(liar.offer()));
        peer.wait_for(|message| matches!(message, Message::Accept(_)));
        peer
    }

    /// Waits until the receiver has told this peer, and then everybody, why its exchange has ended.
    fn assert_ended(&mut self, mut peer: Peer, why: &str) {
        let told = peer.reason();
        assert!(told.contains(why), "the peer was not told `{why}` but `{told}`");
        let fingerprint = peer.fingerprint().to_string();
        // The peer stays on the line: whether it hangs up must not matter to anybody else.
        let ended = self.receiving.event("ended");
        assert_eq!(text(&ended, "fingerprint"), fingerprint, "{ended}");
        assert!(text(&ended, "reason").contains(why), "not `{why}`: {ended}");
    }

    /// An honest distributor comes; the receiver then holds what it was sent and nothing else.
    fn an_honest_distributor_succeeds(mut self) {
        let (distributor, receiver) = (self.field.device("distributor"), self.field.device("receiver"));
        self.server.fill(&distributor, &self.server.villages());
        distributor.send(&[&receiver], &[]).finish().expect(0);
        self.receiving.event("saved");
        self.receiving.kill();
        receiver.holdings().assert_equal(&distributor.holdings(), "after all the hostile peers");
    }
}

/// Resident memory of a process.
fn resident_kib(process: &Process) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.pid())).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a line");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Reads until the other side hangs up; fails when it does not within 15 s, a handshake's limit and some.
fn assert_hung_up(mut stream: TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a limit");
    let begun = Instant::now();
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => assert!(begun.elapsed() < Duration::from_secs(15), "it did not hang up: {error}"),
    }
    assert!(said.len() < 1024, "it answered garbage with {} bytes", said.len());
}

#[test]
fn garbage_and_impossible_lengths_are_dropped_and_memory_does_not_move() {
    let mut scene = Scene::new("garbage");
    // One round of each to warm up what is set up on first use.
    for round in 0..2 {
        let before = resident_kib(&scene.receiving);
        for _ in 0..if round == 0 { 2 } else { 20 } {
            speak_garbage(&scene);
            four_gib(&mut scene);
            unreadable(&mut scene);
        }
        let after = resident_kib(&scene.receiving);
        println!("round {round}: {before} KiB before, {after} KiB after");
        assert!(round == 0 || after < before + SLACK_KIB, "memory went from {before} to {after} KiB");
    }
    scene.an_honest_distributor_succeeds();
}

/// Not TLS at all: nobody is told, since nobody has said who they are.
fn speak_garbage(scene: &Scene) {
    for garbage in [&b"GET / HTTP/1.1\r\nHost: phone\r\n\r\n"[..], &[0xff; 64 << 10], &[22, 3, 1, 0xff, 0xff]] {
        let mut stream = TcpStream::connect(scene.addr).expect("it listens");
        // It may hang up before it has read all of it.
        stream.write_all(garbage).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        assert_hung_up(stream);
    }
}

fn four_gib(scene: &mut Scene) {
    for kind in [1, 2, 3] {
        let mut peer = scene.hello();
        peer.send_raw(&[kind, 0xff, 0xff, 0xff, 0xff, 0, 0]);
        scene.assert_ended(peer, "frame too long");
    }
}

fn unreadable(scene: &mut Scene) {
    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Control, &[0xff; 64]);
    scene.assert_ended(peer, "unreadable message");
}

#[test]
fn a_peer_that_stops_in_the_middle_is_given_up_and_costs_no_memory() {
    let mut scene = Scene::new("stops");
    let before = resident_kib(&scene.receiving);
    // All at once: in the TCP handshake's wake, after the hello, in a header, in a frame of 8 MiB that was promised.
    let silent: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(scene.addr).expect("it listens")).collect();
    let mut stopped = vec![Peer::call(scene.addr), scene.hello()];
    for part in [&[1, 0, 0][..], &[1, 0, 0, 1, 0], &[1, 0, 0, 1, 0, 1, 2, 3]] {
        let mut peer = scene.hello();
        peer.send_raw(part);
        stopped.push(peer);
    }
    // One that was let in, and promises 8 MiB.
    let mut peer = scene.accepted(&Liar::new(30));
    peer.send_raw(&[3, 0, 0, 128, 0, 1, 2, 3]);
    stopped.push(peer);
    let during = resident_kib(&scene.receiving);
    for _ in &stopped {
        let reason = text(&scene.receiving.event("ended"), "reason").to_owned();
        assert!(reason.contains("lost"), "{reason}");
    }
    silent.into_iter().for_each(assert_hung_up);
    let after = resident_kib(&scene.receiving);
    println!("{before} KiB before, {during} KiB during, {after} KiB after");
    assert!(during.max(after) < before + SLACK_KIB, "memory: {before}, {during}, {after} KiB");

    // One that hangs up in the middle of a frame is told at once.
    let mut peer = scene.hello();
    peer.send_raw(&[1, 0, 0, 1, 0, 1, 2, 3]);
    drop(peer);
    assert!(text(&scene.receiving.event("ended"), "reason").contains("lost"));
    scene.an_honest_distributor_succeeds();
}

#[test]
fn what_comes_before_consent_ends_the_exchange() {
    let mut scene = Scene::new("consent");
    let liar = Liar::new(30);
    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Chunk, &liar.chunk_frame());
    scene.assert_ended(peer, "out of turn");

    let mut peer = scene.hello();
    peer.send_frame(FrameKind::Manifest, &liar.manifest().encode());
    scene.assert_ended(peer, "out of turn");

    // Right behind the offer, before any answer can have come.
    let mut peer = scene.hello();
    peer.send(&Message::Offer(liar.offer()));
    peer.send_frame(FrameKind::Chunk, &liar.chunk_frame());
    scene.assert_ended(peer, "out of turn");

    let mut peer = Peer::call(scene.addr);
    peer.send(&Message::Offer(liar.offer()));
    scene.assert_ended(peer, "out of turn");
    scene.an_honest_distributor_succeeds();
}

#[test]
fn refuses_more_bytes_than_the_user_agreed_to() {
    let mut scene = Scene::new("larger");
    let liar = Liar::new(30);
    let mut peer = scene.hello();
    peer.send(&Message::Offer(Offer { bytes: 1, ..liar.offer() }));
    peer.wait_for(|message| matches!(message, Message::Accept(_)));
    peer.send_frame(FrameKind::Manifest, &liar.manifest().encode());
    scene.assert_ended(peer, "not what was offered");
    scene.an_honest_distributor_succeeds();
}

#[test]
fn what_is_not_as_offered_is_refused_and_leaves_nothing() {
    let mut scene = Scene::new("altered");
    let liar = Liar::new(30);
    let not_as_offered = "not what was offered";

    let mut peer = scene.accepted(&liar);
    peer.send_frame(FrameKind::Manifest, &[0xff; 200]);
    scene.assert_ended(peer, not_as_offered);

    // Another offer's manifest.
    let mut peer = scene.accepted(&liar);
    peer.send_frame(FrameKind::Manifest, &Liar::new(31).manifest().encode());
    scene.assert_ended(peer, not_as_offered);

    // Bytes that do not have the hash that was named.
    let mut altered = liar.chunk_frame();
    let last = altered.len() - 1;
    altered[last] ^= 1;
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&liar.manifest());
    peer.send_frame(FrameKind::Chunk, &altered);
    scene.assert_ended(peer, not_as_offered);

    // The right hash of other records: the digest gives it away.
    let mut manifest = liar.manifest();
    let other = Liar::new(31).chunk();
    manifest.snapshots[0].chunks[0].hash = ChunkHash(other.hash.0);
    manifest.snapshots[0].chunks[0].bytes = other.bytes.len() as u32;
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &other.bytes));
    scene.assert_ended(peer, not_as_offered);

    // A chunk of another bundle in this one's place.
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&liar.manifest());
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &Liar::new(31).chunk().bytes));
    scene.assert_ended(peer, not_as_offered);

    // Few bytes that unpack to many, under their right hash.
    let bomb = liar.bomb();
    let mut manifest = liar.manifest();
    manifest.snapshots[0].chunks[0].hash = ChunkHash::of(&bomb);
    manifest.snapshots[0].chunks[0].bytes = bomb.len() as u32;
    let before = resident_kib(&scene.receiving);
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(0, &bomb));
    scene.assert_ended(peer, not_as_offered);
    let after = resident_kib(&scene.receiving);
    assert!(after < before + SLACK_KIB, "memory went from {before} to {after} KiB");

    // Changes that do not lead to what was signed: nothing of them stays.
    let mut manifest = Liar::new(29).manifest();
    let changes = &mut manifest.snapshots[0];
    (changes.summary, changes.since) = (liar.offer().snapshots.remove(0), Some(ServerTime(0)));
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&manifest);
    peer.send_frame(FrameKind::Chunk, &Liar::new(29).chunk_frame());
    peer.wait_for(|message| matches!(message, Message::Differs(_)));
    drop(peer);
    assert!(text(&scene.receiving.event("ended"), "reason").contains("lost"));

    // A snapshot that says more than its origin has signed.
    let mut offer = liar.offer();
    offer.snapshots[0].records += 1;
    let mut peer = scene.hello();
    peer.send(&Message::Offer(offer));
    scene.assert_ended(peer, "not signed by the device it is said to come from");

    // A chunk that was not asked for.
    let mut peer = scene.accepted(&liar);
    peer.send_manifest(&liar.manifest());
    peer.send_frame(FrameKind::Chunk, &fieldcast_wire::chunk_frame(7, &liar.chunk().bytes));
    scene.assert_ended(peer, "out of turn");
    scene.an_honest_distributor_succeeds();
}
