//! The distributor's end of one connection: `offer/send.rs`, from the hello to the close.

use std::rc::Rc;

use fieldcast_wire::{Breach, DistributorAction, DistributorState, EndReason, Sas};

use super::conn::Frame;
use super::data::Manifest;
use super::distributor_side::SendState;
use super::world::{DISTRIBUTOR, Event, RECEIVER, Side, World};

impl World {
    pub(crate) fn distributor_finished(&mut self, c: usize) {
        let receiver = self.conns[c].receiver;
        let result = match self.conns[c].distributor_side.state() {
            DistributorState::Saved(_) => Ok(()),
            DistributorState::Ended(reason) => Err(reason.clone()),
            state => panic!("closed in state {state:?}"),
        };
        assert_eq!(self.distributor_side.sending[receiver].state, SendState::Live(c));
        if self.policy.resumes_from_loss {
            self.distributor_side.sending[receiver].last_contact = self.now;
        }
        self.attempted(receiver, result);
    }

    pub(crate) fn pump_distributor(&mut self, c: usize) {
        let (now, receiver) = (self.now, self.conns[c].receiver);
        loop {
            while let Some(action) = self.conns[c].distributor_side.poll() {
                match action {
                    DistributorAction::Send(message) => self.send(c, DISTRIBUTOR, Frame::Control(message)),
                    DistributorAction::Admit(_) => {
                        self.conns[c].distributor_side.admit(Ok(self.distributor_side.offer.clone()), now)
                    }
                    DistributorAction::Confirm(code) => {
                        self.show(c, DISTRIBUTOR, code);
                        let compares_in = self.plan.receivers[receiver].compares_in.clone();
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
                    DistributorAction::Staged { .. } => self.distributor_side.sending[receiver].has_progress = true,
                    DistributorAction::Entered(state) => self.distributor_entered(c, &state),
                    DistributorAction::Close => return self.close(c, DISTRIBUTOR),
                }
            }
            let conn = &mut self.conns[c];
            let can_send = conn.distributor_side.may_send() && self.has_slot(c);
            let conn = &mut self.conns[c];
            if self.distributor_side.sending[receiver].is_cancelled && !conn.distributor_side.is_over() {
                conn.distributor_side.stop(EndReason::Cancelled { by_distributor: true });
            } else if can_send && (conn.pipes[RECEIVER].inbox.is_empty() || self.rng.percent(50)) {
                self.send_chunk(c);
            } else if let Some(frame) = conn.pipes[RECEIVER].inbox.pop_front() {
                self.distributor_side.sending[receiver].last_contact = now;
                conn.ends[DISTRIBUTOR].heard = now;
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

    /// A screen shows a code. Both screens must show the same code.
    pub(crate) fn show(&mut self, c: usize, side: Side, code: Sas) {
        let shown = &mut self.conns[c].shown;
        shown[side] = Some(code);
        assert!(shown[1 - side].is_none_or(|other| other == code), "{shown:?}");
    }

    /// The distributor's user has compared the codes, before or after the receiver's user has answered.
    pub(crate) fn confirmed(&mut self, c: usize) {
        if self.is_open(c, DISTRIBUTOR) {
            self.conns[c].distributor_side.confirm(Ok(()));
            self.pump(c, DISTRIBUTOR);
        }
    }

    /// Computing the manifest takes some time. The driver waits for it.
    fn work_out(&mut self, c: usize, manifest: Manifest) {
        self.conns[c].planned = Rc::new(manifest);
        self.conns[c].ends[DISTRIBUTOR].is_blocked = true;
        self.push_in(5..1_000, Event::Resume(c, DISTRIBUTOR));
    }

    pub(crate) fn distributor_resumes(&mut self, c: usize) {
        let manifest = self.conns[c].planned.clone();
        let sizes = manifest.chunks().map(|(_, chunk)| chunk.bytes).collect();
        self.send(c, DISTRIBUTOR, Frame::Manifest(manifest));
        self.conns[c].distributor_side.planned(sizes, self.now);
    }

    fn send_chunk(&mut self, c: usize) {
        let Some(index) = self.conns[c].distributor_side.next_chunk(self.now) else { return };
        let (_, chunk) = self.conns[c].planned.chunks().nth(index as usize).expect("a chunk outside the manifest");
        let receiver = &self.receivers[self.conns[c].receiver];
        assert!(receiver.has_accepted || receiver.is_misbehaving, "data before consent");
        self.conns[c].sent.push(chunk);
        self.send(c, DISTRIBUTOR, Frame::Chunk { index, name: chunk.name, bytes: chunk.bytes });
    }

    fn distributor_entered(&mut self, c: usize, state: &DistributorState) {
        self.note(|this| format!("receiver {} #{c}: the distributor is {state:?}", this.conns[c].receiver));
        self.conns[c].ends[DISTRIBUTOR].entered = self.now;
        if let DistributorState::Saved(receipt) = state {
            self.check_saved(self.conns[c].receiver, &receipt.saved);
        }
    }
}
