//! One transfer that is killed in, again and again, with an account of every byte that was put on the medium.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::plan::{Kill, Side, Stage};
use super::{Hit, MOST};
use crate::support::{Counter, Device, Holdings, Process, text, whole};

/// How often the medium is looked at while a kill waits for its instant.
const LOOK: Duration = Duration::from_millis(2);

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
    /// Encoded bytes that are not on the receiver's disk, as far as that was told.
    lacking: Option<u64>,
    /// What the medium had carried, and what was lacking, at the last look that knew both.
    account: (u64, Option<u64>),
    connection: Connection,
    /// Kills whose cost is not known yet.
    open: Vec<(Side, String)>,
    hits: Vec<Hit>,
}

/// What is known of the connection at hand.
#[derive(Debug, Default)]
struct Connection {
    /// What the medium will have carried when it has carried nothing, and when all that is lacking.
    sending: Option<(u64, u64)>,
    applying: Option<Instant>,
}

impl<'a> Transfer<'a> {
    pub(super) fn begin(name: String, truth: &'a Holdings, distributor: Device, receiver: Device) -> Self {
        let receive = receiver.receive(&["--yes"]);
        let mut send = distributor.send(&[&receiver], &[]);
        send.event("offer"); // from here on it is inside the group's network
        let mut medium = Counter::of(&send);
        let (account, connection) = ((medium.sent(), None), Connection::default());
        let (state, lacking, open, hits) = (String::new(), None, Vec::new(), Vec::new());
        Self {
            name,
            truth,
            distributor,
            receiver,
            send,
            receive,
            medium,
            state,
            lacking,
            account,
            connection,
            open,
            hits,
        }
    }

    /// Waits for the instant and kills, starts again what was killed, and tells whether the transfer lived that long.
    pub(super) fn strike(mut self, kill: Kill, applying: Duration) -> (Self, bool) {
        if !self.reach(kill.stage, applying) {
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
                fs::remove_dir_all(remains).expect("it is ours");
                self.receive = self.receiver.receive(&["--yes"]);
            }
        }
        self.open.push((kill.side, std::mem::take(&mut self.state)));
        self.connection = Connection::default();
        (self, true)
    }

    /// Lets it come to its end and compares. Gives what the kills have met, and how long applying took.
    pub(super) fn finish(mut self) -> (Vec<Hit>, Duration) {
        while self.state != "saved" {
            self.listen(LOOK);
        }
        let applying = self.connection.applying.map_or(Duration::ZERO, |since| since.elapsed());
        self.send.finish().expect(0);
        let sent = self.medium.sent();
        self.hits.extend(settle(&mut self.account, &mut self.open, sent, 0, &self.name));
        self.receive.kill();
        for device in [&self.distributor, &self.receiver] {
            device.holdings().assert_equal(self.truth, &device.name);
            fs::remove_dir_all(&device.dir).expect("it is ours");
        }
        (self.hits, applying)
    }

    /// Waits until a connection is at this stage; `false` if all was saved before.
    fn reach(&mut self, stage: Stage, applying: Duration) -> bool {
        loop {
            let told = self.listen(LOOK);
            let is_there = match stage {
                _ if self.state == "saved" => return false,
                Stage::Told(state) => told && self.state == state,
                Stage::Sending(share) => self.connection.sending.is_some_and(|(before, after)| {
                    self.medium.sent() >= before + (share * (after - before) as f64) as u64
                }),
                Stage::Applying(share) => {
                    self.connection.applying.is_some_and(|since| since.elapsed() >= applying.mul_f64(share))
                }
            };
            if is_there {
                return true;
            }
        }
    }

    /// Takes in what the send tells next, if it tells anything in that time.
    fn listen(&mut self, time: Duration) -> bool {
        match self.send.next_within(time) {
            Ok(Some(event)) if event["event"] == "send_state" => self.told(&event),
            Ok(Some(_)) => return false,
            Ok(None) => {
                assert!(!self.send.is_late(), "{}: still `{}`", self.name, self.state);
                return false;
            }
            Err(()) => panic!("{}: the send ended at `{}`", self.name, self.state),
        }
        true
    }

    fn told(&mut self, event: &Value) {
        let before = std::mem::replace(&mut self.state, text(event, "state").to_owned());
        match self.state.as_str() {
            "connecting" => self.connection = Connection::default(),
            "sending" => {
                let lacking = whole(event, "total") - whole(event, "staged");
                if before == "agreeing" {
                    self.begins(lacking);
                }
                self.lacking = Some(lacking);
            }
            "applying" => self.connection.applying = Some(Instant::now()),
            "failed" => panic!("{}: {event}", self.name),
            _ => {}
        }
    }

    /// A connection knows what is lacking.
    fn begins(&mut self, lacking: u64) {
        let promised = self.lacking.unwrap_or(u64::MAX);
        assert!(
            lacking <= promised,
            "{}: {lacking} B are to be sent, yet all but {promised} B were on disk",
            self.name
        );
        let sent = self.medium.sent();
        self.hits.extend(settle(&mut self.account, &mut self.open, sent, lacking, &self.name));
        self.connection.sending = Some((sent, sent + lacking));
    }
}

/// Settles the kills since the last account: what was sent meanwhile, less what is no longer lacking.
fn settle(
    account: &mut (u64, Option<u64>),
    open: &mut Vec<(Side, String)>,
    sent: u64,
    lacking: u64,
    name: &str,
) -> Vec<Hit> {
    let (before, lacked) = std::mem::replace(account, (sent, Some(lacking)));
    let again = (sent - before).saturating_sub(lacked.map_or(0, |lacked| lacked - lacking));
    assert!(again <= MOST, "{name}: {again} B were sent again after {open:?}");
    open.drain(..).map(|(side, state)| Hit { side, state, again }).collect()
}
