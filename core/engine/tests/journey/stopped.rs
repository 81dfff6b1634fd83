//! Phones go to sleep: a process that is stopped for longer than the silence timeout resumes its exchange.

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use fieldcast::{
    Answer, Engine, ExchangeSettings, Interface, Limits, OfferEvent, ReceiveEvent, SendState, Settings, Trust,
    choose_interface,
};
use fieldcast_store::Store;
use tempfile::TempDir;

use crate::device::TIMEOUT;
use crate::filled::fill;

/// The silence timeout; each side sends heartbeats four times as often.
const SILENCE: Duration = Duration::from_secs(1);
/// The environment of a child process: its folder, and either the receiver to send to or the number of questions to
/// leave unanswered.
const DIR: &str = "FIELDCAST_TEST_DIR";
const TO: &str = "FIELDCAST_TEST_TO";
const LEAVE_OPEN: &str = "FIELDCAST_TEST_LEAVE_OPEN";

#[test]
fn resumes_after_receiver_sleeps_during_transfer() {
    let (mut receiver, mut sender, scene) = Scene::begin(0);
    sender.wait_for("sending");
    receiver.signal("STOP");
    sender.wait_for("lost");
    receiver.signal("CONT");
    sender.wait_for("saved");
    receiver.wait_for("saved");
    scene.end(receiver, sender);
}

#[test]
fn resumes_after_distributor_sleeps() {
    let (mut receiver, mut sender, scene) = Scene::begin(1);
    receiver.wait_for("asked");
    sender.signal("STOP");
    receiver.wait_for("ended Lost");
    sender.signal("CONT");
    sender.wait_for("lost");
    sender.wait_for("saved");
    receiver.wait_for("saved");
    scene.end(receiver, sender);
}

#[test]
fn resumes_after_both_sleep_during_transfer() {
    let (mut receiver, mut sender, scene) = Scene::begin(0);
    sender.wait_for("sending");
    receiver.signal("STOP");
    sender.signal("STOP");
    thread::sleep(2 * SILENCE); // neither process runs that could report a loss
    receiver.signal("CONT");
    sender.signal("CONT");
    sender.wait_for("saved");
    receiver.wait_for("saved");
    scene.end(receiver, sender);
}

/// The folders of the two processes.
struct Scene {
    receiver: TempDir,
    sender: TempDir,
}

impl Scene {
    /// Starts both; the receiver leaves this many questions unanswered.
    fn begin(leave_open: u32) -> (Process, Process, Self) {
        let scene = Self { receiver: TempDir::new().unwrap(), sender: TempDir::new().unwrap() };
        fill(&Store::open(scene.sender.path()).unwrap().store, 400, |_| true);
        let mut receiver = Process::start(scene.receiver.path(), (LEAVE_OPEN, &leave_open.to_string()));
        let fingerprint = receiver.wait_for("listening");
        let sender = Process::start(scene.sender.path(), (TO, &fingerprint));
        (receiver, sender, scene)
    }

    /// Ends both and compares their data.
    fn end(self, receiver: Process, sender: Process) {
        drop((receiver, sender));
        let digests = |dir: TempDir| -> Vec<_> {
            let datasets = Store::open(dir.path()).unwrap().store.datasets().unwrap();
            datasets.into_iter().map(|status| (status.summary.dataset, status.summary.digest)).collect()
        };
        let sent = digests(self.sender);
        assert_eq!((sent.len(), digests(self.receiver)), (1, sent));
    }
}

/// A child process of this test program. Dropping it kills it.
struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    fn start(dir: &Path, role: (&str, &str)) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "stopped::process", "--ignored", "--nocapture"]).env(DIR, dir).env(role.0, role.1);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// Waits for a line with this prefix and returns the rest. An earlier line with a final state fails the test.
    fn wait_for(&mut self, word: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(TIMEOUT).unwrap_or_else(|error| panic!("no `{word}`: {error}"));
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
            assert!(!line.starts_with("saved") && !line.starts_with("failed"), "`{line}` before `{word}`");
        }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by the other tests of this file as a child process"]
async fn process() {
    let Ok(dir) = env::var(DIR) else { return };
    say(""); // the test runner has begun a line
    let engine = Engine::open(Settings::new(dir)).await.unwrap();
    let limits = Limits { silence: SILENCE, heartbeat: SILENCE / 4, ..Limits::default() };
    let settings = ExchangeSettings { limits, trust: Trust::AcceptAll, reserve: 0, ..engine.exchange_settings() };
    let loopback = choose_interface(Some("127.0.0.1")).unwrap();
    match env::var(TO) {
        Ok(receiver) => send(&engine, loopback, settings, &receiver).await,
        Err(_) => receive(&engine, loopback, settings, env::var(LEAVE_OPEN).unwrap().parse().unwrap()).await,
    }
}

async fn send(engine: &Engine, loopback: Interface, settings: ExchangeSettings, receiver: &str) {
    let datasets = engine.datasets().await.unwrap().into_iter().map(|status| status.summary.dataset).collect();
    let session = engine.offer(datasets, loopback, settings).await.unwrap();
    let (mut events, receiver) = (session.subscribe(), receiver.parse().unwrap());
    _ = session.send_to(receiver); // it may not be found yet
    while let Some(event) = events.next().await {
        match event {
            OfferEvent::Found(peer) if peer.fingerprint == receiver => session.send_to(receiver).unwrap(),
            OfferEvent::Changed(_, SendState::Sending(_)) => say("sending"),
            OfferEvent::Changed(_, SendState::Lost(_)) => say("lost"),
            OfferEvent::Changed(_, SendState::Saved(_)) => say("saved"),
            OfferEvent::Changed(_, SendState::Failed(reason, _)) => say(&format!("failed {reason:?}")),
            _ => {}
        }
    }
}

async fn receive(engine: &Engine, loopback: Interface, settings: ExchangeSettings, mut leave_open: u32) {
    let session = engine.receive(loopback, settings).await.unwrap();
    let mut events = session.subscribe();
    say(&format!("listening {}", engine.fingerprint()));
    while let Some(event) = events.next().await {
        match event {
            ReceiveEvent::Asked(question) if leave_open == 0 => session.answer(question.id, Answer::Once),
            ReceiveEvent::Asked(_) => {
                leave_open -= 1;
                say("asked");
            }
            ReceiveEvent::Saved(_) => say("saved"),
            ReceiveEvent::Ended(_, reason) => say(&format!("ended {reason:?}")),
            _ => {}
        }
    }
}

#[expect(clippy::print_stdout, reason = "the parent test reads this output")]
fn say(line: &str) {
    println!("{line}");
}
