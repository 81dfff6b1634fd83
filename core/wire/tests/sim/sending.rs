//! The distributor's end of one connection: it does what the machine requests, with simulated data and users.

use std::rc::Rc;

use fieldcast_wire::{Action, Breach, DistributorRequest, EndReason, ExchangeState, Sas};

use super::conn::Frame;
use super::data::Manifest;
use super::distributor_side::SendState;
use super::world::{DISTRIBUTOR, Event, RECEIVER, Side, World};

impl World {
    pub(crate) fn distributor_finished(&mut self, c: usize) {
        let receiver = self.conns[c].receiver;
        let machine = &self.conns[c].distributor_side;
        assert!(machine.is_over(), "closed in state {:?}", machine.state());
        let result = machine.outcome().map(drop);
        let sending = &mut self.distributor_side.sending[receiver];
        assert_eq!(sending.state, SendState::Live(c));
        if let Some(state) = machine.lost_in() {
            sending.resumption.on_loss(state, self.now);
        }
        self.attempted(receiver, result);
    }

    pub(crate) fn pump_distributor(&mut self, c: usize) {
        let receiver = self.conns[c].receiver;
        loop {
            while let Some(action) = self.conns[c].distributor_side.poll() {
                match action {
                    Action::Send(message) => self.send(c, DISTRIBUTOR, Frame::Control(message)),
                    Action::Do(request) => self.distributor_does(c, request),
                    Action::Entered(state) => self.distributor_entered(c, &state),
                    Action::Close => return self.close(c, DISTRIBUTOR),
                }
            }
            let conn = &self.conns[c];
            let can_send = conn.distributor_side.may_send() && self.has_slot(c);
            let conn = &mut self.conns[c];
            if self.distributor_side.sending[receiver].is_cancelled && !conn.distributor_side.is_over() {
                conn.distributor_side.stop(EndReason::Cancelled { by_distributor: true });
            } else if can_send && (conn.pipes[RECEIVER].inbox.is_empty() || self.rng.percent(50)) {
                self.send_chunk(c);
            } else if let Some(frame) = conn.pipes[RECEIVER].inbox.pop_front() {
                conn.ends[DISTRIBUTOR].last_received = self.now;
                match frame {
                    Frame::Control(message) => conn.distributor_side.on_message(message, self.now),
                    Frame::Manifest(_) | Frame::Chunk { .. } => conn.distributor_side.breach(Breach::OutOfTurn),
                    Frame::Fin => conn.distributor_side.on_lost(),
                }
            } else {
                return;
            }
        }
    }

    fn distributor_does(&mut self, c: usize, request: DistributorRequest) {
        let receiver = self.conns[c].receiver;
        match request {
            DistributorRequest::Authorize(_) => self.push_in(1..300, Event::Authorized(c)),
            DistributorRequest::Confirm(code) => {
                self.show(c, DISTRIBUTOR, code);
                self.push_in(self.plan.receivers[receiver].compares_in.clone(), Event::Confirm(c));
            }
            DistributorRequest::Plan(held) => self.plan_manifest(c, self.plan.bundle.manifest_for(&held)),
            DistributorRequest::PlanWhole(indexes) => self.plan_manifest(c, self.plan.bundle.whole(&indexes)),
            DistributorRequest::ShowStaged(_) => {
                self.distributor_side.sending[receiver].resumption.on_staged(self.now);
            }
        }
    }

    /// The receiver's credentials are checked.
    pub(crate) fn authorized(&mut self, c: usize) {
        if self.is_open(c, DISTRIBUTOR) {
            self.conns[c].distributor_side.authorize(Ok(self.distributor_side.offer.clone()), self.now);
            self.pump(c, DISTRIBUTOR);
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

    /// Computing the manifest takes some time.
    fn plan_manifest(&mut self, c: usize, manifest: Manifest) {
        self.conns[c].planned = Rc::new(manifest);
        self.push_in(5..1_000, Event::Planned(c));
    }

    pub(crate) fn planned(&mut self, c: usize) {
        if self.is_open(c, DISTRIBUTOR) && *self.conns[c].distributor_side.state() == ExchangeState::Planning {
            let manifest = self.conns[c].planned.clone();
            let sizes = manifest.chunks().map(|(_, chunk)| chunk.bytes).collect();
            self.send(c, DISTRIBUTOR, Frame::Manifest(manifest));
            self.conns[c].distributor_side.planned(Ok(sizes), self.now);
            self.pump(c, DISTRIBUTOR);
        }
    }

    fn send_chunk(&mut self, c: usize) {
        let Some(index) = self.conns[c].distributor_side.next_chunk(self.now) else { return };
        let (_, chunk) = self.conns[c].planned.chunks().nth(index as usize).expect("a chunk outside the manifest");
        let receiver = &self.receivers[self.conns[c].receiver];
        assert!(receiver.has_accepted || receiver.is_misbehaving, "data before consent");
        self.conns[c].sent.push(chunk);
        self.send(c, DISTRIBUTOR, Frame::Chunk { index, name: chunk.name, bytes: chunk.bytes });
    }

    fn distributor_entered(&mut self, c: usize, state: &ExchangeState) {
        self.note(|this| format!("receiver {} #{c}: the distributor is {state:?}", this.conns[c].receiver));
        self.conns[c].ends[DISTRIBUTOR].entered = self.now;
        let conn = &self.conns[c];
        self.distributor_side.sending[conn.receiver].resumption.on_state(state, self.now);
        if let Ok(receipt) = conn.distributor_side.outcome() {
            self.check_saved(conn.receiver, &receipt.saved);
        }
    }
}
