//! One connection between two machines: an ordered, reliable stream in each direction, slow and breakable.
//!
//! As in the engine's `Link`: a writer with room for two chunks, a reader that reads two frames ahead, and five seconds
//! to send the last messages (`driver.rs`).

use std::collections::{HashSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    Credentials, Distributor, Handshake, HandshakeParameters, HandshakeSecret, Limits, Message, Receiver, Role, Sas,
};

use super::data::{Chunk, Manifest, verifier};
use super::receiver_device::Work;
use super::world::{DISTRIBUTOR, Event, Side, World};

const CHUNKS_IN_FLIGHT: usize = 2;
/// Frames in transfer, in processing and read ahead. More frames stay with the sender.
const FRAMES_UNREAD: usize = 4;
/// The name of a chunk that no correct device would send.
pub(crate) const UNEXPECTED_CHUNK: u32 = 999_999;

#[derive(Clone, Debug)]
pub(crate) enum Frame {
    Control(Message),
    Manifest(Rc<Manifest>),
    Chunk {
        index: u32,
        name: u32,
        bytes: u32,
    },
    /// The end of the stream.
    Fin,
}

/// One direction.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    queue: VecDeque<Frame>,
    writing: Option<Frame>,
    air: VecDeque<Frame>,
    pub(crate) inbox: VecDeque<Frame>,
    last_arrival: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Open,
    /// The machine has ended. Its last messages are in transfer.
    Closing,
    Gone,
}

/// The state that each side keeps for a connection.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) stage: Stage,
    pub(crate) last_received: Duration,
    pub(crate) entered: Duration,
    pub(crate) armed: Option<Duration>,
    pub(crate) fin_written: bool,
    pub(crate) fin_read: bool,
}

pub(crate) struct Conn {
    pub(crate) receiver: usize,
    is_cut: bool,
    pub(crate) ends: [End; 2],
    /// Indexed by the sending side.
    pub(crate) pipes: [Pipe; 2],
    pub(crate) distributor_side: Distributor,
    /// The manifest that the distributor will send, after it is computed.
    pub(crate) planned: Rc<Manifest>,
    pub(crate) receiver_side: Receiver,
    /// The codes on the screens.
    pub(crate) shown: [Option<Sas>; 2],
    pub(crate) work: Work,
    /// The wanted chunks of this round that have not arrived.
    pub(crate) wanted: HashSet<u32>,
    /// Chunks sent, and chunks received, on this connection until they are applied.
    pub(crate) sent: Vec<Chunk>,
    pub(crate) taken: Vec<Chunk>,
}

impl World {
    /// Connects both sides.
    pub(crate) fn connect(&mut self, receiver: usize) -> usize {
        let now = self.now;
        let end = || End {
            stage: Stage::Open,
            last_received: now,
            entered: now,
            armed: None,
            fin_written: false,
            fin_read: false,
        };
        let limits = Limits::default();
        let (name, exporter) = (DeviceName::new("device"), self.rng.bytes());
        let mut handshake = |role| {
            let secret = HandshakeSecret { exporter, nonce: self.rng.bytes() };
            let credentials = Credentials::default();
            Handshake::new(
                role,
                HandshakeParameters { name: name.clone(), secret, credentials, session: 1, invite: None },
            )
        };
        let (distributor_side, receiver_side) = (handshake(Role::Distributor), handshake(Role::Receiver));
        self.conns.push(Conn {
            receiver,
            is_cut: false,
            ends: [end(), end()],
            pipes: Default::default(),
            distributor_side: Distributor::new(distributor_side, verifier(), limits, now),
            planned: Rc::default(),
            receiver_side: Receiver::new(receiver_side, limits, now),
            shown: [None; 2],
            work: Work::default(),
            wanted: HashSet::new(),
            sent: Vec::new(),
            taken: Vec::new(),
        });
        self.conns.len() - 1
    }

    pub(crate) fn is_open(&self, c: usize, side: Side) -> bool {
        self.conns[c].ends[side].stage == Stage::Open
    }

    pub(crate) fn send(&mut self, c: usize, from: Side, frame: Frame) {
        self.note(|this| {
            format!("receiver {} #{c} {} sends {frame:?}", this.conns[c].receiver, ["distributor", "receiver"][from])
        });
        if let (Frame::Control(message), true) = (&frame, self.plan.encoded) {
            assert_eq!(Message::decode(&message.encode()).as_ref(), Ok(message));
        }
        self.conns[c].pipes[from].queue.push_back(frame);
        assert!(self.chunks_in_flight(c) <= CHUNKS_IN_FLIGHT, "too many chunks in memory");
        self.write(c, from);
    }

    /// Sends a frame that no correct device would send.
    pub(crate) fn inject(&mut self, c: usize, from: Side, frame: Frame) {
        self.note(|this| format!("receiver {} #{c} sends unexpected {frame:?}", this.conns[c].receiver));
        self.conns[c].pipes[from].queue.push_back(frame);
        self.write(c, from);
    }

    fn chunks_in_flight(&self, c: usize) -> usize {
        let pipe = &self.conns[c].pipes[DISTRIBUTOR];
        pipe.queue
            .iter()
            .chain(&pipe.writing)
            .filter(|frame| matches!(frame, Frame::Chunk { name, .. } if *name != UNEXPECTED_CHUNK))
            .count()
    }

    pub(crate) fn has_slot(&self, c: usize) -> bool {
        self.chunks_in_flight(c) < CHUNKS_IN_FLIGHT
    }

    /// The writer takes the next frame if the other side has room.
    pub(crate) fn write(&mut self, c: usize, from: Side) {
        let conn = &mut self.conns[c];
        let pipe = &mut conn.pipes[from];
        let unread = pipe.air.len() + pipe.inbox.len();
        if conn.is_cut || conn.ends[from].stage == Stage::Gone || pipe.writing.is_some() || unread >= FRAMES_UNREAD {
            return;
        }
        let Some(frame) = pipe.queue.pop_front() else { return };
        let bytes = match &frame {
            Frame::Control(_) | Frame::Fin => 100,
            Frame::Manifest(manifest) => 200 + 60 * manifest.chunks().count() as u64,
            Frame::Chunk { bytes, .. } => u64::from(*bytes),
        };
        pipe.writing = Some(frame);
        let micros = bytes * 1_000_000 / self.plan.receivers[conn.receiver].rate;
        self.push(Duration::from_micros(micros), Event::Written(c, from));
    }

    /// The end of the outage for this receiver, plus some time for TCP to notice.
    fn dark(&mut self, c: usize) -> Option<Duration> {
        let until = self.receivers[self.conns[c].receiver].dark_until;
        (until > self.now).then(|| until - self.now + self.rng.millis(1..1_500))
    }

    pub(crate) fn written(&mut self, c: usize, from: Side) {
        if self.conns[c].is_cut || self.conns[c].ends[from].stage == Stage::Gone {
            return;
        }
        if let Some(wait) = self.dark(c) {
            return self.push(wait, Event::Written(c, from));
        }
        let delay = self.rng.millis(self.plan.receivers[self.conns[c].receiver].delay.clone());
        let pipe = &mut self.conns[c].pipes[from];
        let Some(frame) = pipe.writing.take() else { return };
        let is_fin = matches!(frame, Frame::Fin);
        pipe.air.push_back(frame);
        pipe.last_arrival = pipe.last_arrival.max(self.now + delay);
        let wait = pipe.last_arrival - self.now;
        self.push(wait, Event::Arrive(c, from));
        if is_fin {
            self.conns[c].ends[from].fin_written = true;
            return self.finish_if_said(c, from);
        }
        self.write(c, from);
        self.pump(c, from);
    }

    pub(crate) fn arrive(&mut self, c: usize, from: Side) {
        if self.conns[c].is_cut {
            return;
        }
        if let Some(wait) = self.dark(c) {
            return self.push(wait, Event::Arrive(c, from));
        }
        let Some(frame) = self.conns[c].pipes[from].air.pop_front() else { return };
        let to = 1 - from;
        match self.conns[c].ends[to].stage {
            Stage::Open => {
                self.conns[c].pipes[from].inbox.push_back(frame);
                self.pump(c, to);
            }
            Stage::Closing => {
                self.conns[c].ends[to].fin_read |= matches!(frame, Frame::Fin);
                self.finish_if_said(c, to);
            }
            Stage::Gone => self.cut(c, [Some(Duration::from_millis(1)); 2]), // the system answers with a reset
        }
        self.write(c, from);
    }

    /// The connection breaks. Data in transfer is lost.
    pub(crate) fn cut(&mut self, c: usize, notice_loss: [Option<Duration>; 2]) {
        if std::mem::replace(&mut self.conns[c].is_cut, true) {
            return;
        }
        self.check_loss(c);
        self.conns[c].pipes.iter_mut().for_each(|pipe| pipe.air.clear());
        for (side, after) in notice_loss.into_iter().enumerate() {
            if let (Some(after), true) = (after, self.conns[c].ends[side].stage != Stage::Gone) {
                self.push(after, Event::LossNoticed(c, side));
            }
        }
    }
}
