//! A receiver as the engine drives it: `receive/exchange.rs`.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use fieldcast_wire::{Applied, Breach, ChunkSet, EndReason, ReceiverAction, ReceiverState, SavedSnapshot};

use super::conn::{Frame, Stage};
use super::data::{Bundle, Disk, Manifest};
use super::disk::Stager;
use super::rng::Rng;
use super::schedule::{Moment, Person, PhonePlan};
use super::world::{DESK, Event, PHONE, World};

/// Who is served; one at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Conn(usize),
    Rival,
}

pub(crate) struct Phone {
    pub(crate) disk: Disk,
    pub(crate) place: Option<Place>,
    pub(crate) is_down: bool,
    /// The person has closed the session.
    pub(crate) is_stopped: bool,
    pub(crate) port: u32,
    pub(crate) dark_until: Duration,
    /// Whether its last announcement was lost: never two in a row.
    pub(crate) is_sighting_lost: bool,
    /// How its exchanges ended, by its own screen.
    pub(crate) ends: Vec<Option<EndReason>>,
    // What only the simulator knows.
    pub(crate) said_yes: bool,
    pub(crate) is_liar: bool,
}

impl Phone {
    pub(crate) fn new(plan: &PhonePlan, bundle: &Bundle, rng: &mut Rng) -> Self {
        Self {
            disk: Disk::new(plan.starts.clone(), bundle, rng),
            place: None,
            is_down: false,
            is_stopped: false,
            port: 0,
            dark_until: Duration::ZERO,
            is_sighting_lost: false,
            ends: Vec::new(),
            said_yes: false,
            is_liar: false,
        }
    }
}

/// What the driver waits for, doing nothing else meanwhile.
#[derive(Debug)]
pub(crate) enum Resume {
    /// Whether the offer was accepted before.
    Looked,
    /// The yes is on disk.
    Accepted,
    /// What the manifest names and is lacking is known.
    Planned(Rc<Manifest>),
    /// The stager has room for this chunk.
    Staged(u32, u32),
}

/// What one exchange has beside its machine.
#[derive(Debug, Default)]
pub(crate) struct Work {
    /// The process was killed: nothing that was under way happens.
    pub(crate) is_dead: bool,
    pub(crate) resume: Option<Resume>,
    /// Waits for the place; its own earlier connection is applying or closing.
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
        if side == DESK {
            self.desk_resumes(c);
        } else if let Some(resume) = self.conns[c].work.resume.take() {
            self.hand_resumes(c, resume);
        }
        self.pump(c, side);
    }

    pub(crate) fn pump_hand(&mut self, c: usize) {
        let now = self.now;
        loop {
            while !self.conns[c].ends[PHONE].is_blocked
                && let Some(action) = self.conns[c].hand.poll()
            {
                match action {
                    ReceiverAction::Send(message) => self.send(c, PHONE, Frame::Control(message)),
                    ReceiverAction::Ask { code, .. } => {
                        self.show(c, PHONE, code);
                        self.ask(c);
                    }
                    ReceiverAction::Apply => self.apply(c),
                    ReceiverAction::Entered(state) => self.hand_entered(c, &state),
                    ReceiverAction::Close => return self.close(c, PHONE),
                }
            }
            if self.conns[c].ends[PHONE].is_blocked {
                return;
            }
            let conn = &mut self.conns[c];
            let applies = conn.work.applying.is_some() || conn.work.outcome.is_some();
            if self.phones[conn.phone].is_stopped && !applies && !conn.hand.is_over() {
                conn.hand.stop(EndReason::Cancelled { by_distributor: false });
            } else if let Some(is_yes) = conn.work.answer.take() {
                if is_yes {
                    self.block(c, Resume::Accepted, 1..300);
                } else {
                    conn.hand.answer(Err(EndReason::Declined), now);
                }
            } else if let Some((chunks, bytes)) = conn.work.reports.pop_front() {
                conn.hand.staged(chunks, bytes, now);
            } else if let Some(outcome) = conn.work.outcome.take() {
                conn.hand.applied(outcome, now);
            } else if let Some(frame) = conn.pipes[DESK].inbox.pop_front() {
                conn.ends[PHONE].heard = now;
                self.hand_reads(c, frame);
            } else {
                return;
            }
        }
    }

    fn hand_reads(&mut self, c: usize, frame: Frame) {
        let conn = &mut self.conns[c];
        match frame {
            Frame::Control(message) => conn.hand.on_message(message, self.now),
            Frame::Fin => conn.hand.on_lost(),
            Frame::Manifest(_) if *conn.hand.state() != ReceiverState::Agreeing => {
                conn.hand.stop(EndReason::Protocol(Breach::OutOfTurn));
            }
            Frame::Manifest(manifest) => self.block(c, Resume::Planned(manifest), 1..1_000),
            Frame::Chunk { index, name, bytes } => self.on_chunk(c, index, name, bytes),
        }
    }

    fn block(&mut self, c: usize, resume: Resume, millis: std::ops::Range<u64>) {
        self.conns[c].work.resume = Some(resume);
        self.conns[c].ends[PHONE].is_blocked = true;
        self.push_in(millis, Event::Resume(c, PHONE));
    }

    fn hand_resumes(&mut self, c: usize, resume: Resume) {
        let (now, phone) = (self.now, self.conns[c].phone);
        let conn = &mut self.conns[c];
        match resume {
            Resume::Looked if self.phones[phone].disk.consent => self.block(c, Resume::Accepted, 1..300),
            Resume::Looked => {
                assert!(!self.policy.keeps_consent || !self.phones[phone].said_yes, "asked twice for one offer");
                let answers_in = self.plan.phones[phone].answers_in.clone();
                if self.plan.phones[phone].person != Person::Never {
                    self.push_in(answers_in, Event::Answer(c));
                }
            }
            Resume::Accepted => {
                (self.phones[phone].disk.consent, self.phones[phone].said_yes) = (true, true);
                conn.hand.answer(Ok(self.phones[phone].disk.held()), now);
            }
            Resume::Planned(manifest) => {
                let disk = &self.phones[phone].disk;
                assert!(disk.consent, "something is planned before consent");
                let lacking =
                    manifest.chunks().zip(0..).filter(|((dataset, chunk), _)| !disk.has(*dataset, chunk.name));
                let wanted: ChunkSet = lacking.map(|(_, index)| index).collect();
                conn.wanted = wanted.iter().collect();
                conn.work.stager = Stager::new(conn.wanted.len() as u32);
                conn.work.manifest = manifest;
                conn.hand.on_manifest(wanted, now);
            }
            Resume::Staged(name, bytes) => self.stage(c, name, bytes),
        }
    }

    /// One exchange at a time. The distributor that is served may call again: it has lost the connection before.
    fn ask(&mut self, c: usize) {
        let phone = self.conns[c].phone;
        if let (Some(Place::Conn(_)), true) = (self.phones[phone].place, self.policy.takes_over) {
            for old in (0..c).filter(|old| self.conns[*old].phone == phone).collect::<Vec<_>>() {
                if self.is_open(old, PHONE) {
                    self.conns[old].pipes[DESK].inbox.push_front(Frame::Fin);
                    self.pump(old, PHONE);
                }
            }
            self.conns[c].work.is_waiting = true;
            return self.pass_place_on(phone);
        }
        if self.phones[phone].place.is_some() {
            return self.conns[c].hand.answer(Err(EndReason::Busy), self.now);
        }
        self.phones[phone].place = Some(Place::Conn(c));
        self.block(c, Resume::Looked, 1..300);
    }

    fn pass_place_on(&mut self, phone: usize) {
        let waits =
            |c: &usize| self.conns[*c].phone == phone && self.conns[*c].work.is_waiting && self.is_open(*c, PHONE);
        if self.phones[phone].place.is_none()
            && let Some(c) = (0..self.conns.len()).rev().find(waits)
        {
            self.conns[c].work.is_waiting = false;
            self.ask(c);
        }
    }

    pub(crate) fn answered(&mut self, c: usize) {
        if self.is_open(c, PHONE) {
            self.conns[c].work.answer = Some(self.plan.phones[self.conns[c].phone].person == Person::Yes);
            self.pump(c, PHONE);
        }
    }

    fn hand_entered(&mut self, c: usize, state: &ReceiverState) {
        self.note(|this| format!("phone {} #{c} hand is {state:?}", this.conns[c].phone));
        self.conns[c].ends[PHONE].entered = self.now;
        let phone = &mut self.phones[self.conns[c].phone];
        match state {
            ReceiverState::Saved => {
                assert!(phone.disk.is_saved(), "saved: {:?}", phone.disk.versions);
                phone.ends.push(None);
            }
            ReceiverState::Ended(reason) => phone.ends.push(Some(reason.clone())),
            _ => {}
        }
        let phone = self.conns[c].phone;
        match state {
            ReceiverState::Receiving => self.ambush(phone, Moment::Receiving),
            ReceiverState::Applying => self.ambush(phone, Moment::Applying),
            ReceiverState::Saved => self.ambush(phone, Moment::Saved),
            _ => {}
        }
    }

    pub(crate) fn hand_finished(&mut self, c: usize) {
        if self.conns[c].work.applying.is_none() || !self.policy.holds_place_while_applying {
            self.leave_place(self.conns[c].phone, Place::Conn(c));
        }
    }

    pub(crate) fn leave_place(&mut self, phone: usize, place: Place) {
        if self.phones[phone].place == Some(place) {
            self.phones[phone].place = None;
            self.pass_place_on(phone);
        }
    }

    /// Killed: what is on disk is all that is left.
    pub(crate) fn crash_phone(&mut self, phone: usize, down: Option<Duration>, is_polite: bool) {
        self.note(|_| format!("phone {phone} is killed"));
        (self.phones[phone].is_down, self.phones[phone].place) = (true, None);
        for c in (0..self.conns.len()).filter(|c| self.conns[*c].phone == phone).collect::<Vec<_>>() {
            self.conns[c].work = Work { is_dead: true, ..Work::default() };
            self.kill_end(c, PHONE, is_polite);
        }
        if let Some(down) = down {
            self.push(down, Event::PhoneUp(phone));
        }
    }

    pub(crate) fn phone_up(&mut self, phone: usize) {
        self.phones[phone].is_down = false;
        self.phones[phone].port += 1;
        self.push(Duration::ZERO, Event::Announce(phone, self.phones[phone].port));
    }

    /// A process is gone; its system may close the connection for it.
    pub(crate) fn kill_end(&mut self, c: usize, side: usize, is_polite: bool) {
        if self.conns[c].ends[side].stage != Stage::Gone {
            self.conns[c].ends[side].stage = Stage::Gone;
            let after = is_polite.then(|| self.rng.millis(1..300));
            self.cut(c, [after; 2]);
        }
    }
}
