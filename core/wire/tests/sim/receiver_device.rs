//! A receiver: it does what the machine requests, with a simulated disk and user.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use fieldcast_model::Fingerprint;
use fieldcast_wire::{
    Action, Applied, ChunkSet, EndReason, ExchangeSlot, ExchangeState, ReceiverRequest, SavedSnapshot,
};

use super::conn::{Frame, Stage};
use super::data::{Bundle, Disk, Manifest};
use super::disk::Stager;
use super::rng::Rng;
use super::schedule::{Moment, ReceiverPlan, UserAnswer};
use super::world::{DISTRIBUTOR, Event, RECEIVER, World};

/// The only distributor of the schedule, and another one nearby.
const DISTRIBUTORS: [Fingerprint; 2] = [Fingerprint([1; 32]), Fingerprint([2; 32])];

/// A connection that can have the exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Conn(usize),
    OtherDistributor,
}

pub(crate) struct ReceiverDevice {
    pub(crate) disk: Disk,
    slot: ExchangeSlot<Slot>,
    pub(crate) is_down: bool,
    /// The user has closed the session.
    pub(crate) is_stopped: bool,
    pub(crate) port: u32,
    pub(crate) dark_until: Duration,
    /// Whether its last announcement was lost; never two in a row.
    pub(crate) is_announcement_lost: bool,
    /// How its exchanges ended, as its own screen shows.
    pub(crate) ends: Vec<Option<EndReason>>,
    // State that only the simulator knows.
    pub(crate) has_accepted: bool,
    has_cancelled: bool,
    pub(crate) is_misbehaving: bool,
}

impl ReceiverDevice {
    pub(crate) fn new(plan: &ReceiverPlan, bundle: &Bundle, rng: &mut Rng) -> Self {
        Self {
            disk: Disk::new(plan.starts.clone(), bundle, rng),
            slot: ExchangeSlot::default(),
            is_down: false,
            is_stopped: false,
            port: 0,
            dark_until: Duration::ZERO,
            is_announcement_lost: false,
            ends: Vec::new(),
            has_accepted: false,
            has_cancelled: false,
            is_misbehaving: false,
        }
    }
}

/// A result that the machine waits for.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The offer was compared with the stored consent.
    Authorized,
    /// The consent is on disk.
    Accepted,
    /// The missing chunks of the manifest are known.
    Planned(Rc<Manifest>),
}

/// The state of one exchange besides its machine.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The process was killed: its pending work is dropped.
    pub(crate) is_dead: bool,
    /// Whether the user's cancel was handled.
    is_cancelled: bool,
    /// Whether the stager has no room, so that no more frames are read.
    pub(crate) is_stager_full: bool,
    pub(crate) manifest: Rc<Manifest>,
    pub(crate) stager: Stager,
    pub(crate) reports: VecDeque<(u32, u64)>,
    /// Whether the machine knows that it has the exchange.
    is_permitted: bool,
    /// The dataset whose transaction runs.
    pub(crate) applying: Option<usize>,
    pub(crate) settled: Vec<Option<SavedSnapshot>>,
    pub(crate) applied: Option<Result<Applied, EndReason>>,
}

impl World {
    pub(crate) fn pump_receiver(&mut self, c: usize) {
        let now = self.now;
        loop {
            while let Some(action) = self.conns[c].receiver_side.poll() {
                match action {
                    Action::Send(message) => self.send(c, RECEIVER, Frame::Control(message)),
                    Action::Do(request) => self.receiver_does(c, request),
                    Action::Entered(state) => self.receiver_entered(c, &state),
                    Action::Close => return self.close(c, RECEIVER),
                }
            }
            let conn = &mut self.conns[c];
            let applies = conn.work.applying.is_some() || conn.work.applied.is_some();
            let is_stopped = self.receivers[conn.receiver].is_stopped && !conn.work.is_cancelled;
            if is_stopped && !applies && !conn.receiver_side.is_over() {
                conn.work.is_cancelled = true;
                conn.receiver_side.stop(EndReason::Cancelled { by_distributor: false });
            } else if let Some(report) = conn.work.reports.pop_front() {
                conn.receiver_side.staged(Ok(report), now);
            } else if let Some(applied) = conn.work.applied.take() {
                conn.receiver_side.applied(applied, now);
            } else if !conn.work.is_stager_full
                && let Some(frame) = conn.pipes[DISTRIBUTOR].inbox.pop_front()
            {
                conn.ends[RECEIVER].last_received = now;
                self.receiver_reads(c, frame);
            } else {
                return;
            }
        }
    }

    fn receiver_reads(&mut self, c: usize, frame: Frame) {
        let machine = &mut self.conns[c].receiver_side;
        match frame {
            Frame::Control(message) => machine.on_message(message, self.now),
            Frame::Fin => machine.on_lost(),
            Frame::Manifest(manifest) => {
                if machine.on_manifest(self.now) {
                    self.push_in(1..1_000, Event::Worked(c, Outcome::Planned(manifest)));
                }
            }
            Frame::Chunk { index, name, bytes } => self.on_chunk(c, index, name, bytes),
        }
    }

    fn receiver_does(&mut self, c: usize, request: ReceiverRequest) {
        let receiver = self.conns[c].receiver;
        match request {
            ReceiverRequest::Permit => self.request_slot(c),
            ReceiverRequest::Authorize(_) => self.push_in(1..300, Event::Worked(c, Outcome::Authorized)),
            ReceiverRequest::Ask => {
                let there = &self.receivers[receiver];
                assert!(!there.has_accepted || there.has_cancelled, "the user was asked twice about one offer");
                let code = self.conns[c].receiver_side.code().expect("a code");
                self.show(c, RECEIVER, code);
                if self.plan.receivers[receiver].user_answer != UserAnswer::Never {
                    self.push_in(self.plan.receivers[receiver].answers_in.clone(), Event::Answer(c));
                }
            }
            ReceiverRequest::Accept { .. } => self.push_in(1..300, Event::Worked(c, Outcome::Accepted)),
            ReceiverRequest::Apply => self.apply(c),
        }
    }

    pub(crate) fn worked(&mut self, c: usize, outcome: Outcome) {
        let (now, receiver) = (self.now, self.conns[c].receiver);
        if matches!(outcome, Outcome::Accepted) && !self.conns[c].work.is_dead {
            assert!(self.is_open(c, RECEIVER), "a consent is stored after the end");
            (self.receivers[receiver].disk.consent, self.receivers[receiver].has_accepted) = (true, true);
        }
        if !self.is_open(c, RECEIVER) {
            return;
        }
        let (conn, disk) = (&mut self.conns[c], &self.receivers[receiver].disk);
        match outcome {
            Outcome::Authorized => conn.receiver_side.authorized(Ok(!disk.consent)),
            Outcome::Accepted => conn.receiver_side.accept(Ok(disk.held()), now),
            Outcome::Planned(manifest) => {
                assert!(disk.consent, "a manifest was planned before consent");
                let lacking =
                    manifest.chunks().zip(0..).filter(|((dataset, chunk), _)| !disk.has(*dataset, chunk.name));
                let wanted: ChunkSet = lacking.map(|(_, index)| index).collect();
                conn.wanted = wanted.iter().collect();
                conn.work.stager = Stager::new(conn.wanted.len() as u32);
                conn.work.manifest = manifest;
                conn.receiver_side.want(Ok(wanted), now);
            }
        }
        self.pump(c, RECEIVER);
    }

    fn request_slot(&mut self, c: usize) {
        let receiver = self.conns[c].receiver;
        match self.receivers[receiver].slot.request(Slot::Conn(c), DISTRIBUTORS[0]) {
            Ok(superseded) => {
                for old in superseded {
                    if let Slot::Conn(old) = old
                        && self.is_open(old, RECEIVER)
                    {
                        self.conns[old].pipes[DISTRIBUTOR].inbox.push_front(Frame::Fin);
                        self.pump(old, RECEIVER);
                    }
                }
                self.permit_holder(receiver);
            }
            Err(busy) => self.conns[c].receiver_side.permit(Err(busy)),
        }
    }

    /// Lets the connection that has the exchange continue.
    fn permit_holder(&mut self, receiver: usize) {
        if let Some(Slot::Conn(c)) = self.receivers[receiver].slot.holder()
            && !std::mem::replace(&mut self.conns[c].work.is_permitted, true)
            && self.is_open(c, RECEIVER)
        {
            self.conns[c].receiver_side.permit(Ok(()));
            self.pump(c, RECEIVER);
        }
    }

    /// Another distributor begins an exchange with this receiver, if it is free.
    pub(crate) fn other_distributor_comes(&mut self, receiver: usize) -> bool {
        let slot = &mut self.receivers[receiver].slot;
        slot.holder().is_none() && slot.request(Slot::OtherDistributor, DISTRIBUTORS[1]).is_ok()
    }

    pub(crate) fn answered(&mut self, c: usize) {
        if self.is_open(c, RECEIVER) {
            let is_yes = self.plan.receivers[self.conns[c].receiver].user_answer == UserAnswer::Yes;
            self.conns[c].receiver_side.answer(if is_yes { Ok(()) } else { Err(EndReason::Declined) });
            self.pump(c, RECEIVER);
        }
    }

    fn receiver_entered(&mut self, c: usize, state: &ExchangeState) {
        self.note(|this| format!("receiver {} #{c} is {state:?}", this.conns[c].receiver));
        self.conns[c].ends[RECEIVER].entered = self.now;
        let receiver = &mut self.receivers[self.conns[c].receiver];
        match state {
            ExchangeState::Saved => {
                assert!(receiver.disk.is_saved(), "reports saved, but the disk has {:?}", receiver.disk.versions);
                receiver.ends.push(None);
            }
            ExchangeState::Ended(reason) => {
                receiver.ends.push(Some(reason.clone()));
                // The consent of a bundle that a user stopped is not valid for the next one.
                if matches!(reason, EndReason::Cancelled { .. }) {
                    (receiver.disk.consent, receiver.has_cancelled) = (false, true);
                }
            }
            _ => {}
        }
        let receiver = self.conns[c].receiver;
        match state {
            ExchangeState::Transferring => self.trigger_faults(receiver, Moment::Receiving),
            ExchangeState::Applying => self.trigger_faults(receiver, Moment::Applying),
            ExchangeState::Saved => self.trigger_faults(receiver, Moment::Saved),
            _ => {}
        }
    }

    pub(crate) fn receiver_finished(&mut self, c: usize) {
        if self.conns[c].work.applying.is_none() {
            self.leave_slot(self.conns[c].receiver, Slot::Conn(c));
        }
    }

    pub(crate) fn leave_slot(&mut self, receiver: usize, slot: Slot) {
        self.receivers[receiver].slot.release(slot);
        self.permit_holder(receiver);
    }

    /// The receiver crashes. Only the data on disk is left.
    pub(crate) fn crash_receiver(&mut self, receiver: usize, down: Option<Duration>, is_polite: bool) {
        self.note(|_| format!("receiver {receiver} is killed"));
        (self.receivers[receiver].is_down, self.receivers[receiver].slot) = (true, ExchangeSlot::default());
        for c in (0..self.conns.len()).filter(|c| self.conns[*c].receiver == receiver).collect::<Vec<_>>() {
            self.conns[c].work = Work { is_dead: true, ..Work::default() };
            self.kill_end(c, RECEIVER, is_polite);
        }
        if let Some(down) = down {
            self.push(down, Event::ReceiverUp(receiver));
        }
    }

    pub(crate) fn receiver_up(&mut self, receiver: usize) {
        self.receivers[receiver].is_down = false;
        self.receivers[receiver].port += 1;
        self.push(Duration::ZERO, Event::Announce(receiver, self.receivers[receiver].port));
    }

    /// A process has ended. Its operating system may close the connection.
    pub(crate) fn kill_end(&mut self, c: usize, side: usize, is_polite: bool) {
        if self.conns[c].ends[side].stage != Stage::Gone {
            self.conns[c].ends[side].stage = Stage::Gone;
            let after = is_polite.then(|| self.rng.millis(1..300));
            self.cut(c, [after; 2]);
        }
    }
}
