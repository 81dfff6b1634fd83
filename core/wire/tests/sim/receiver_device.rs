//! A receiver as the engine drives it: `receive/exchange.rs`.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use fieldcast_wire::{Applied, Breach, ChunkSet, EndReason, ReceiverAction, ReceiverState, SavedSnapshot};

use super::conn::{Frame, Stage};
use super::data::{Bundle, Disk, Manifest};
use super::disk::Stager;
use super::rng::Rng;
use super::schedule::{Moment, ReceiverPlan, UserAnswer};
use super::world::{DISTRIBUTOR, Event, RECEIVER, World};

/// The exchange that holds the only slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Conn(usize),
    OtherDistributor,
}

pub(crate) struct ReceiverDevice {
    pub(crate) disk: Disk,
    pub(crate) slot: Option<Slot>,
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
    pub(crate) is_misbehaving: bool,
}

impl ReceiverDevice {
    pub(crate) fn new(plan: &ReceiverPlan, bundle: &Bundle, rng: &mut Rng) -> Self {
        Self {
            disk: Disk::new(plan.starts.clone(), bundle, rng),
            slot: None,
            is_down: false,
            is_stopped: false,
            port: 0,
            dark_until: Duration::ZERO,
            is_announcement_lost: false,
            ends: Vec::new(),
            has_accepted: false,
            is_misbehaving: false,
        }
    }
}

/// The work that the driver waits for. Meanwhile it does nothing else.
#[derive(Debug)]
pub(crate) enum Resume {
    /// Whether the offer was accepted before.
    Looked,
    /// The user's consent is on disk.
    Accepted,
    /// The chunks of the manifest that are missing are known.
    Planned(Rc<Manifest>),
    /// The stager has room for this chunk.
    Staged(u32, u32),
}

/// The state of one exchange besides its machine.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The process was killed: its pending work is dropped.
    pub(crate) is_dead: bool,
    pub(crate) resume: Option<Resume>,
    /// Waits for the slot, because an earlier connection of the same distributor is applying or closing.
    pub(crate) is_waiting: bool,
    pub(crate) answer: Option<bool>,
    pub(crate) manifest: Rc<Manifest>,
    pub(crate) stager: Stager,
    pub(crate) reports: VecDeque<(u32, u64)>,
    /// The dataset whose transaction runs.
    pub(crate) applying: Option<usize>,
    pub(crate) settled: Vec<Option<SavedSnapshot>>,
    pub(crate) outcome: Option<Result<Applied, EndReason>>,
}

impl World {
    pub(crate) fn resume(&mut self, c: usize, side: usize) {
        if !self.is_open(c, side) {
            return;
        }
        self.conns[c].ends[side].is_blocked = false;
        if side == DISTRIBUTOR {
            self.distributor_resumes(c);
        } else if let Some(resume) = self.conns[c].work.resume.take() {
            self.receiver_resumes(c, resume);
        }
        self.pump(c, side);
    }

    pub(crate) fn pump_receiver(&mut self, c: usize) {
        let now = self.now;
        loop {
            while !self.conns[c].ends[RECEIVER].is_blocked
                && let Some(action) = self.conns[c].receiver_side.poll()
            {
                match action {
                    ReceiverAction::Send(message) => self.send(c, RECEIVER, Frame::Control(message)),
                    ReceiverAction::Ask { code, .. } => {
                        self.show(c, RECEIVER, code);
                        self.ask(c);
                    }
                    ReceiverAction::Apply => self.apply(c),
                    ReceiverAction::Entered(state) => self.receiver_entered(c, &state),
                    ReceiverAction::Close => return self.close(c, RECEIVER),
                }
            }
            if self.conns[c].ends[RECEIVER].is_blocked {
                return;
            }
            let conn = &mut self.conns[c];
            let applies = conn.work.applying.is_some() || conn.work.outcome.is_some();
            if self.receivers[conn.receiver].is_stopped && !applies && !conn.receiver_side.is_over() {
                conn.receiver_side.stop(EndReason::Cancelled { by_distributor: false });
            } else if let Some(is_yes) = conn.work.answer.take() {
                if is_yes {
                    self.block(c, Resume::Accepted, 1..300);
                } else {
                    conn.receiver_side.answer(Err(EndReason::Declined), now);
                }
            } else if let Some((chunks, bytes)) = conn.work.reports.pop_front() {
                conn.receiver_side.staged(chunks, bytes, now);
            } else if let Some(outcome) = conn.work.outcome.take() {
                conn.receiver_side.applied(outcome, now);
            } else if let Some(frame) = conn.pipes[DISTRIBUTOR].inbox.pop_front() {
                conn.ends[RECEIVER].heard = now;
                self.receiver_reads(c, frame);
            } else {
                return;
            }
        }
    }

    fn receiver_reads(&mut self, c: usize, frame: Frame) {
        let conn = &mut self.conns[c];
        match frame {
            Frame::Control(message) => conn.receiver_side.on_message(message, self.now),
            Frame::Fin => conn.receiver_side.on_lost(),
            Frame::Manifest(_) if *conn.receiver_side.state() != ReceiverState::Agreeing => {
                conn.receiver_side.stop(EndReason::Protocol(Breach::OutOfTurn));
            }
            Frame::Manifest(manifest) => self.block(c, Resume::Planned(manifest), 1..1_000),
            Frame::Chunk { index, name, bytes } => self.on_chunk(c, index, name, bytes),
        }
    }

    fn block(&mut self, c: usize, resume: Resume, millis: std::ops::Range<u64>) {
        self.conns[c].work.resume = Some(resume);
        self.conns[c].ends[RECEIVER].is_blocked = true;
        self.push_in(millis, Event::Resume(c, RECEIVER));
    }

    fn receiver_resumes(&mut self, c: usize, resume: Resume) {
        let (now, receiver) = (self.now, self.conns[c].receiver);
        let conn = &mut self.conns[c];
        match resume {
            Resume::Looked if self.receivers[receiver].disk.consent => self.block(c, Resume::Accepted, 1..300),
            Resume::Looked => {
                assert!(
                    !self.policy.keeps_consent || !self.receivers[receiver].has_accepted,
                    "the user was asked twice about one offer"
                );
                let answers_in = self.plan.receivers[receiver].answers_in.clone();
                if self.plan.receivers[receiver].user_answer != UserAnswer::Never {
                    self.push_in(answers_in, Event::Answer(c));
                }
            }
            Resume::Accepted => {
                (self.receivers[receiver].disk.consent, self.receivers[receiver].has_accepted) = (true, true);
                conn.receiver_side.answer(Ok(self.receivers[receiver].disk.held()), now);
            }
            Resume::Planned(manifest) => {
                let disk = &self.receivers[receiver].disk;
                assert!(disk.consent, "a manifest was planned before consent");
                let lacking =
                    manifest.chunks().zip(0..).filter(|((dataset, chunk), _)| !disk.has(*dataset, chunk.name));
                let wanted: ChunkSet = lacking.map(|(_, index)| index).collect();
                conn.wanted = wanted.iter().collect();
                conn.work.stager = Stager::new(conn.wanted.len() as u32);
                conn.work.manifest = manifest;
                conn.receiver_side.on_manifest(wanted, now);
            }
            Resume::Staged(name, bytes) => self.stage(c, name, bytes),
        }
    }

    /// Serves one exchange at a time. The served distributor may connect again, because it noticed the lost connection
    /// first.
    fn ask(&mut self, c: usize) {
        let receiver = self.conns[c].receiver;
        if let (Some(Slot::Conn(_)), true) = (self.receivers[receiver].slot, self.policy.takes_over) {
            for old in (0..c).filter(|old| self.conns[*old].receiver == receiver).collect::<Vec<_>>() {
                if self.is_open(old, RECEIVER) {
                    self.conns[old].pipes[DISTRIBUTOR].inbox.push_front(Frame::Fin);
                    self.pump(old, RECEIVER);
                }
            }
            self.conns[c].work.is_waiting = true;
            return self.pass_slot_on(receiver);
        }
        if self.receivers[receiver].slot.is_some() {
            return self.conns[c].receiver_side.answer(Err(EndReason::Busy), self.now);
        }
        self.receivers[receiver].slot = Some(Slot::Conn(c));
        self.block(c, Resume::Looked, 1..300);
    }

    fn pass_slot_on(&mut self, receiver: usize) {
        let waits = |c: &usize| {
            self.conns[*c].receiver == receiver && self.conns[*c].work.is_waiting && self.is_open(*c, RECEIVER)
        };
        if self.receivers[receiver].slot.is_none()
            && let Some(c) = (0..self.conns.len()).rev().find(waits)
        {
            self.conns[c].work.is_waiting = false;
            self.ask(c);
        }
    }

    pub(crate) fn answered(&mut self, c: usize) {
        if self.is_open(c, RECEIVER) {
            self.conns[c].work.answer =
                Some(self.plan.receivers[self.conns[c].receiver].user_answer == UserAnswer::Yes);
            self.pump(c, RECEIVER);
        }
    }

    fn receiver_entered(&mut self, c: usize, state: &ReceiverState) {
        self.note(|this| format!("receiver {} #{c} is {state:?}", this.conns[c].receiver));
        self.conns[c].ends[RECEIVER].entered = self.now;
        let receiver = &mut self.receivers[self.conns[c].receiver];
        match state {
            ReceiverState::Saved => {
                assert!(receiver.disk.is_saved(), "reports saved, but the disk has {:?}", receiver.disk.versions);
                receiver.ends.push(None);
            }
            ReceiverState::Ended(reason) => receiver.ends.push(Some(reason.clone())),
            _ => {}
        }
        let receiver = self.conns[c].receiver;
        match state {
            ReceiverState::Receiving => self.trigger_faults(receiver, Moment::Receiving),
            ReceiverState::Applying => self.trigger_faults(receiver, Moment::Applying),
            ReceiverState::Saved => self.trigger_faults(receiver, Moment::Saved),
            _ => {}
        }
    }

    pub(crate) fn receiver_finished(&mut self, c: usize) {
        if self.conns[c].work.applying.is_none() || !self.policy.holds_slot_while_applying {
            self.leave_slot(self.conns[c].receiver, Slot::Conn(c));
        }
    }

    pub(crate) fn leave_slot(&mut self, receiver: usize, slot: Slot) {
        if self.receivers[receiver].slot == Some(slot) {
            self.receivers[receiver].slot = None;
            self.pass_slot_on(receiver);
        }
    }

    /// The receiver crashes. Only the data on disk is left.
    pub(crate) fn crash_receiver(&mut self, receiver: usize, down: Option<Duration>, is_polite: bool) {
        self.note(|_| format!("receiver {receiver} is killed"));
        (self.receivers[receiver].is_down, self.receivers[receiver].slot) = (true, None);
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
