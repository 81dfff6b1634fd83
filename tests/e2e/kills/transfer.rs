//! One transfer with repeated kills. Counts every byte on the medium.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::plan::{Kill, Side, Stage};
use super::{KillResult, MAX_RESENT};
use crate::support::{Counter, Device, Holdings, Process, text, whole};

/// How often to read the byte counter while a kill waits for its time.
const POLL_INTERVAL: Duration = Duration::from_millis(2);

/// A distributor and a receiver, both running.
pub(super) struct Transfer<'a> {
    name: String,
    truth: &'a Holdings,
    distributor: Device,
    receiver: Device,
    send: Process,
    receive: Process,
    medium: Counter,
    state: String,
    /// Encoded bytes that the receiver has not reported as on disk.
    missing: Option<u64>,
    /// Sent bytes and missing bytes when both were last known.
    checkpoint: (u64, Option<u64>),
    connection: Connection,
    /// Kills with unknown cost so far.
    open: Vec<(Side, String)>,
    results: Vec<KillResult>,
}

/// The current connection.
#[derive(Debug, Default)]
struct Connection {
    /// The byte counter at the start of the connection, and when it will have sent all missing bytes.
    sending: Option<(u64, u64)>,
    applying: Option<Instant>,
}

impl<'a> Transfer<'a> {
    pub(super) fn begin(name: String, truth: &'a Holdings, distributor: Device, receiver: Device) -> Self {
        let receive = receiver.receive(&["--yes"]);
        let mut send = distributor.send(&[&receiver], &[]);
        send.event("offer"); // the process is now in the group's namespace
        let mut medium = Counter::of(&send);
        let (checkpoint, connection) = ((medium.sent(), None), Connection::default());
        let (state, missing, open, results) = (String::new(), None, Vec::new(), Vec::new());
        Self {
            name,
            truth,
            distributor,
            receiver,
            send,
            receive,
            medium,
            state,
            missing,
            checkpoint,
            connection,
            open,
            results,
        }
    }

    /// Waits for the time of `kill`, then kills and restarts that side. Returns `false` if the transfer ended before.
    pub(super) fn kill_at(mut self, kill: Kill, applying: Duration) -> (Self, bool) {
        if !self.wait_for(kill.stage, applying) {
            return (self, false);
        }
        println!("{}: kill -9 the {:?} at {:?}, `{}`", self.name, kill.side, kill.stage, self.state);
        match kill.side {
            Side::Distributor => {
                self.send.kill();
                self.send = self.distributor.send(&[&self.receiver], &[]);
            }
            Side::Receiver => {
                self.receive.kill();
                let remains = self.receiver.dir.with_extension("remains");
                self.receiver.copy_to(&remains);
                Holdings::of(&remains).assert_part_of(self.truth, &self.name);
                fs::remove_dir_all(remains).expect("removing a test folder");
                self.receive = self.receiver.receive(&["--yes"]);
            }
        }
        self.open.push((kill.side, std::mem::take(&mut self.state)));
        self.connection = Connection::default();
        (self, true)
    }

    /// Waits for the end and compares the databases. Returns the kill results and the duration of applying.
    pub(super) fn finish(mut self) -> (Vec<KillResult>, Duration) {
        while self.state != "saved" {
            self.listen(POLL_INTERVAL);
        }
        let applying = self.connection.applying.map_or(Duration::ZERO, |since| since.elapsed());
        self.send.finish().expect(0);
        let sent = self.medium.sent();
        self.results.extend(settle(&mut self.checkpoint, &mut self.open, sent, 0, &self.name));
        self.receive.kill();
        for device in [&self.distributor, &self.receiver] {
            device.holdings().assert_equal(self.truth, &device.name);
            fs::remove_dir_all(&device.dir).expect("removing a test folder");
        }
        (self.results, applying)
    }

    /// Waits until a connection is at this stage. Returns `false` if all data was saved before.
    fn wait_for(&mut self, stage: Stage, applying: Duration) -> bool {
        loop {
            let has_event = self.listen(POLL_INTERVAL);
            let is_reached = match stage {
                _ if self.state == "saved" => return false,
                Stage::Reported(state) => has_event && self.state == state,
                Stage::Sending(share) => self.connection.sending.is_some_and(|(before, after)| {
                    self.medium.sent() >= before + (share * (after - before) as f64) as u64
                }),
                Stage::Applying(share) => {
                    self.connection.applying.is_some_and(|since| since.elapsed() >= applying.mul_f64(share))
                }
            };
            if is_reached {
                return true;
            }
        }
    }

    /// Handles the next state event of the send, if one comes within `time`. Returns whether one came.
    fn listen(&mut self, time: Duration) -> bool {
        match self.send.next_within(time) {
            Ok(Some(event)) if event["event"] == "send_state" => self.on_state(&event),
            Ok(Some(_)) => return false,
            Ok(None) => {
                assert!(!self.send.is_late(), "{}: still `{}`", self.name, self.state);
                return false;
            }
            Err(()) => panic!("{}: the send ended at `{}`", self.name, self.state),
        }
        true
    }

    fn on_state(&mut self, event: &Value) {
        let before = std::mem::replace(&mut self.state, text(event, "state").to_owned());
        match self.state.as_str() {
            "connecting" => self.connection = Connection::default(),
            "sending" => {
                let missing = whole(event, "total") - whole(event, "staged");
                if before == "agreeing" {
                    self.on_start(missing);
                }
                self.missing = Some(missing);
            }
            "applying" => self.connection.applying = Some(Instant::now()),
            "failed" => panic!("{}: {event}", self.name),
            _ => {}
        }
    }

    /// A new connection knows the missing bytes.
    fn on_start(&mut self, missing: u64) {
        let reported = self.missing.unwrap_or(u64::MAX);
        assert!(
            missing <= reported,
            "{}: {missing} B are to be sent, but the receiver reported that only {reported} B are missing",
            self.name
        );
        let sent = self.medium.sent();
        self.results.extend(settle(&mut self.checkpoint, &mut self.open, sent, missing, &self.name));
        self.connection.sending = Some((sent, sent + missing));
    }
}

/// Computes the cost of the open kills: bytes sent since the checkpoint, minus the bytes that are no longer missing.
fn settle(
    checkpoint: &mut (u64, Option<u64>),
    open: &mut Vec<(Side, String)>,
    sent: u64,
    missing: u64,
    name: &str,
) -> Vec<KillResult> {
    let (sent_before, missing_before) = std::mem::replace(checkpoint, (sent, Some(missing)));
    let resent = (sent - sent_before).saturating_sub(missing_before.map_or(0, |before| before - missing));
    assert!(resent <= MAX_RESENT, "{name}: {resent} B were sent again after {open:?}");
    open.drain(..).map(|(side, state)| KillResult { side, state, resent }).collect()
}
