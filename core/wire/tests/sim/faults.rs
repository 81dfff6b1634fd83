//! The faults: what goes wrong during a schedule.

use std::rc::Rc;
use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    ChunkSet, ComparisonResult, Credentials, EndReason, HandshakeSecret, Held, Hello, Message, Role, SavedSnapshot,
};

use super::conn::{Frame, UNEXPECTED_CHUNK};
use super::data::{Manifest, Version, digest, receipt};
use super::distributor_side::SendState;
use super::receiver_device::Slot;
use super::schedule::{Fault, Moment};
use super::world::{Event, RECEIVER, World};

impl World {
    /// The receiver announces itself. Announcements are lost, late or out of order.
    pub(crate) fn announce(&mut self, receiver: usize, port: u32) {
        let there = &mut self.receivers[receiver];
        let is_done = matches!(self.distributor_side.sending[receiver].state, SendState::Done(_))
            && !self.distributor_side.is_down;
        if there.is_down || there.is_stopped || there.port != port || is_done {
            return;
        }
        there.is_announcement_lost = !there.is_announcement_lost && self.rng.percent(30);
        if !there.is_announcement_lost {
            self.push_in(5..2_000, Event::Discovered(receiver, port));
        }
        self.push_in(1_000..4_000, Event::Announce(receiver, port));
    }

    /// The receiver's exchange has reached a moment at which faults can be planned.
    pub(crate) fn trigger_faults(&mut self, receiver: usize, moment: Moment) {
        let waits = |it: &(Moment, Duration, usize, Fault)| it.0 == moment && it.2 == receiver;
        if let Some(at) = self.plan.faults_at_moments.iter().position(waits) {
            let (_, after, _, fault) = self.plan.faults_at_moments.remove(at);
            self.push(after, Event::Fault(receiver, fault));
        }
    }

    pub(crate) fn fault(&mut self, receiver: usize, fault: Fault) {
        self.note(|_| format!("receiver {receiver} fault {fault:?}"));
        match fault {
            Fault::Cut { notice_loss } => {
                for c in (0..self.conns.len()).filter(|c| self.conns[*c].receiver == receiver).collect::<Vec<_>>() {
                    self.cut(c, notice_loss);
                }
            }
            Fault::Dark { lasts } => {
                self.receivers[receiver].dark_until = self.receivers[receiver].dark_until.max(self.now + lasts);
            }
            Fault::Crash { down, polite } => self.crash_receiver(receiver, down, polite),
            Fault::CrashDistributor { down, polite } => self.crash_distributor(down, polite),
            Fault::CancelByDistributor => self.cancel_sending(receiver),
            Fault::CancelByReceiver => {
                self.receivers[receiver].is_stopped = true;
                for c in (0..self.conns.len()).filter(|c| self.conns[*c].receiver == receiver).collect::<Vec<_>>() {
                    self.pump(c, RECEIVER);
                }
            }
            Fault::OtherDistributor { lasts } => {
                if self.other_distributor_comes(receiver) {
                    self.push(lasts, Event::OtherDistributorLeaves(receiver));
                }
            }
            Fault::SendUnexpected { by } => self.send_unexpected(receiver, by),
        }
    }

    pub(crate) fn other_distributor_leaves(&mut self, receiver: usize) {
        self.leave_slot(receiver, Slot::OtherDistributor);
    }

    /// One side of an active connection sends a random frame.
    fn send_unexpected(&mut self, receiver: usize, by: usize) {
        let SendState::Live(c) = self.distributor_side.sending[receiver].state else { return };
        if !self.is_open(c, by) {
            return;
        }
        self.receivers[receiver].is_misbehaving |= by == RECEIVER;
        let (rng, count) = (&mut self.rng, self.distributor_side.offer.snapshots.len());
        let saved = |d| SavedSnapshot { digest: digest(d, Version::Offered), comparison: ComparisonResult::Equal };
        let frame = match rng.range(0..13) {
            0 => Frame::Manifest(Rc::default()),
            1 => Frame::Manifest(Rc::new(Manifest(self.plan.bundle.whole(&[0]).0))),
            2 => Frame::Chunk { index: rng.range(0..40) as u32, name: UNEXPECTED_CHUNK, bytes: 1_000 },
            3 if rng.percent(50) => {
                Frame::Control(Message::Reveal { nonce: rng.bytes(), credentials: Credentials::default() })
            }
            3 => {
                let secret = HandshakeSecret { exporter: [0; 32], nonce: [0; 32] };
                let role = rng.pick(&[Role::Receiver, Role::Distributor]);
                Frame::Control(Message::Hello(Hello::new(role, DeviceName::new("x"), &secret)))
            }
            4 => Frame::Control(Message::Offer(self.distributor_side.offer.clone())),
            5 => Frame::Control(Message::Accept(vec![Held::NOTHING; count])),
            6 => Frame::Control(Message::Want((0..rng.range(0..50) as u32).collect::<ChunkSet>())),
            7 => Frame::Control(Message::Staged { chunks: rng.range(0..40) as u32, bytes: rng.next() }),
            8 => Frame::Control(Message::Applying { records: 0 }),
            9 => Frame::Control(Message::Differs(vec![rng.range(0..4) as u16])),
            10 => Frame::Control(Message::Saved(receipt(&self.distributor_side.offer, (0..count).map(saved)))),
            11 => Frame::Control(Message::Stop(EndReason::BadData)),
            _ => Frame::Control(Message::Alive),
        };
        self.inject(c, by, frame);
    }
}
