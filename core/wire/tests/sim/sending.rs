//! The distributor's end of one connection: `offer/send.rs`, from the hello to the close.

use std::rc::Rc;

use fieldcast_wire::{Breach, DistributorAction, DistributorState, EndReason, Sas};

use super::conn::Frame;
use super::data::Manifest;
use super::distributor_side::SendState;
use super::world::{DESK, Event, PHONE, Side, World};

impl World {
    pub(crate) fn desk_finished(&mut self, c: usize) {
        let phone = self.conns[c].phone;
        let result = match self.conns[c].distributor_side.state() {
            DistributorState::Saved(_) => Ok(()),
            DistributorState::Ended(reason) => Err(reason.clone()),
            state => panic!("closed while {state:?}"),
        };
        assert_eq!(self.distributor_side.sending[phone].state, SendState::Live(c));
        if self.policy.resumes_from_loss {
            self.distributor_side.sending[phone].last_contact = self.now;
        }
        self.attempted(phone, result);
    }

    pub(crate) fn pump_desk(&mut self, c: usize) {
        let (now, phone) = (self.now, self.conns[c].phone);
        loop {
            while let Some(action) = self.conns[c].distributor_side.poll() {
                match action {
                    DistributorAction::Send(message) => self.send(c, DESK, Frame::Control(message)),
                    DistributorAction::Admit(_) => {
                        self.conns[c].distributor_side.admit(Ok(self.distributor_side.offer.clone()), now)
                    }
                    DistributorAction::Confirm(code) => {
                        self.show(c, DESK, code);
                        let compares_in = self.plan.phones[phone].compares_in.clone();
                        self.push_in(compares_in, Event::Confirm(c));
                    }
                    DistributorAction::Plan(held) => {
                        let manifest = self.plan.bundle.manifest_for(&held);
                        return self.work_out(c, manifest);
                    }
                    DistributorAction::PlanWhole(indexes) => {
                        let manifest = self.plan.bundle.whole(&indexes);
                        return self.work_out(c, manifest);
                    }
                    DistributorAction::Staged { .. } => self.distributor_side.sending[phone].has_progress = true,
                    DistributorAction::Entered(state) => self.desk_entered(c, &state),
                    DistributorAction::Close => return self.close(c, DESK),
                }
            }
            let conn = &mut self.conns[c];
            let can_send = conn.distributor_side.may_send() && self.has_place(c);
            let conn = &mut self.conns[c];
            if self.distributor_side.sending[phone].is_cancelled && !conn.distributor_side.is_over() {
                conn.distributor_side.stop(EndReason::Cancelled { by_distributor: true });
            } else if can_send && (conn.pipes[PHONE].inbox.is_empty() || self.rng.percent(50)) {
                self.send_chunk(c);
            } else if let Some(frame) = conn.pipes[PHONE].inbox.pop_front() {
                self.distributor_side.sending[phone].last_contact = now;
                conn.ends[DESK].heard = now;
                match frame {
                    Frame::Control(message) => conn.distributor_side.on_message(message, now),
                    Frame::Manifest(_) | Frame::Chunk { .. } => {
                        conn.distributor_side.stop(EndReason::Protocol(Breach::OutOfTurn))
                    }
                    Frame::Fin => conn.distributor_side.on_lost(),
                }
            } else {
                return;
            }
        }
    }

    /// A screen shows a code; both must show the same.
    pub(crate) fn show(&mut self, c: usize, side: Side, code: Sas) {
        let shown = &mut self.conns[c].shown;
        shown[side] = Some(code);
        assert!(shown[1 - side].is_none_or(|other| other == code), "{shown:?}");
    }

    /// The distributor's person has compared the codes, before or after the receiver's has answered.
    pub(crate) fn confirmed(&mut self, c: usize) {
        if self.is_open(c, DESK) {
            self.conns[c].distributor_side.confirm(Ok(()));
            self.pump(c, DESK);
        }
    }

    /// The manifest takes a while; the driver waits for it.
    fn work_out(&mut self, c: usize, manifest: Manifest) {
        self.conns[c].planned = Rc::new(manifest);
        self.conns[c].ends[DESK].is_blocked = true;
        self.push_in(5..1_000, Event::Resume(c, DESK));
    }

    pub(crate) fn desk_resumes(&mut self, c: usize) {
        let manifest = self.conns[c].planned.clone();
        let sizes = manifest.chunks().map(|(_, chunk)| chunk.bytes).collect();
        self.send(c, DESK, Frame::Manifest(manifest));
        self.conns[c].distributor_side.planned(sizes, self.now);
    }

    fn send_chunk(&mut self, c: usize) {
        let Some(index) = self.conns[c].distributor_side.next_chunk(self.now) else { return };
        let (_, chunk) = self.conns[c].planned.chunks().nth(index as usize).expect("chunks outside the manifest");
        let phone = &self.phones[self.conns[c].phone];
        assert!(phone.said_yes || phone.is_liar, "data before consent");
        self.conns[c].sent.push(chunk);
        self.send(c, DESK, Frame::Chunk { index, name: chunk.name, bytes: chunk.bytes });
    }

    fn desk_entered(&mut self, c: usize, state: &DistributorState) {
        self.note(|this| format!("phone {} #{c} desk is {state:?}", this.conns[c].phone));
        self.conns[c].ends[DESK].entered = self.now;
        if let DistributorState::Saved(receipt) = state {
            self.check_saved(self.conns[c].phone, &receipt.saved);
        }
    }
}
