//! What goes wrong, and what must be true when all is over.

use std::rc::Rc;
use std::time::Duration;

use fieldcast_model::DeviceName;
use fieldcast_wire::{
    ChunkSet, ComparisonResult, Credentials, EndReason, HandshakeSecret, Held, Hello, Message, Role, SavedSnapshot,
};

use super::conn::{BLURTED, Frame};
use super::data::{Manifest, Version, digest, receipt};
use super::distributor_side::SendState;
use super::phone::Place;
use super::schedule::{Fault, Moment};
use super::world::{Event, PHONE, World};

impl World {
    /// The receiver announces itself; sightings get lost, late and out of order.
    pub(crate) fn announce(&mut self, phone: usize, port: u32) {
        let there = &mut self.phones[phone];
        let is_done =
            matches!(self.distributor_side.sending[phone].state, SendState::Done(_)) && !self.distributor_side.is_down;
        if there.is_down || there.is_stopped || there.port != port || is_done {
            return;
        }
        there.is_sighting_lost = !there.is_sighting_lost && self.rng.percent(30);
        if !there.is_sighting_lost {
            self.push_in(5..2_000, Event::Sighted(phone, port));
        }
        self.push_in(1_000..4_000, Event::Announce(phone, port));
    }

    /// The receiver's exchange has come to where faults may wait for it.
    pub(crate) fn ambush(&mut self, phone: usize, moment: Moment) {
        let waits = |it: &(Moment, Duration, usize, Fault)| it.0 == moment && it.2 == phone;
        if let Some(at) = self.plan.ambushes.iter().position(waits) {
            let (_, after, _, fault) = self.plan.ambushes.remove(at);
            self.push(after, Event::Fault(phone, fault));
        }
    }

    pub(crate) fn fault(&mut self, phone: usize, fault: Fault) {
        self.note(|_| format!("phone {phone} fault {fault:?}"));
        match fault {
            Fault::Cut { learn } => {
                for c in (0..self.conns.len()).filter(|c| self.conns[*c].phone == phone).collect::<Vec<_>>() {
                    self.cut(c, learn);
                }
            }
            Fault::Dark { lasts } => {
                self.phones[phone].dark_until = self.phones[phone].dark_until.max(self.now + lasts);
            }
            Fault::Crash { down, polite } => self.crash_phone(phone, down, polite),
            Fault::CrashDesk { down, polite } => self.crash_desk(down, polite),
            Fault::CancelByDesk => self.cancel_sending(phone),
            Fault::CancelByPhone => {
                self.phones[phone].is_stopped = true;
                for c in (0..self.conns.len()).filter(|c| self.conns[*c].phone == phone).collect::<Vec<_>>() {
                    self.pump(c, PHONE);
                }
            }
            Fault::Rival { lasts } => {
                if self.phones[phone].place.is_none() {
                    self.phones[phone].place = Some(Place::Rival);
                    self.push(lasts, Event::RivalLeaves(phone));
                }
            }
            Fault::Blurt { by } => self.blurt(phone, by),
        }
    }

    pub(crate) fn rival_leaves(&mut self, phone: usize) {
        self.leave_place(phone, Place::Rival);
    }

    /// One side of a live connection says something at random.
    fn blurt(&mut self, phone: usize, by: usize) {
        let SendState::Live(c) = self.distributor_side.sending[phone].state else { return };
        if !self.is_open(c, by) {
            return;
        }
        self.phones[phone].is_liar |= by == PHONE;
        let (rng, count) = (&mut self.rng, self.distributor_side.offer.snapshots.len());
        let saved = |d| SavedSnapshot { digest: digest(d, Version::Offered), comparison: ComparisonResult::Equal };
        let frame = match rng.range(0..13) {
            0 => Frame::Manifest(Rc::default()),
            1 => Frame::Manifest(Rc::new(Manifest(self.plan.bundle.whole(&[0]).0))),
            2 => Frame::Chunk { index: rng.range(0..40) as u32, name: BLURTED, bytes: 1_000 },
            3 if rng.percent(50) => {
                Frame::Control(Message::Reveal { nonce: rng.bytes(), credentials: Credentials::default() })
            }
            3 => {
                let opening = HandshakeSecret { exporter: [0; 32], nonce: [0; 32] };
                let role = rng.pick(&[Role::Receiver, Role::Distributor]);
                Frame::Control(Message::Hello(Hello::new(role, DeviceName::new("x"), &opening)))
            }
            4 => Frame::Control(Message::Offer(self.distributor_side.offer.clone())),
            5 => Frame::Control(Message::Accept(vec![Held::NOTHING; count])),
            6 => Frame::Control(Message::Want((0..rng.range(0..50) as u32).collect::<ChunkSet>())),
            7 => Frame::Control(Message::Staged { chunks: rng.range(0..40) as u32, bytes: rng.next() }),
            8 => Frame::Control(Message::Applying { records: 0 }),
            9 => Frame::Control(Message::Differs(vec![rng.range(0..4) as u16])),
            10 => Frame::Control(Message::Saved(receipt((0..count).map(saved)))),
            11 => Frame::Control(Message::Stop(EndReason::BadData)),
            _ => Frame::Control(Message::Alive),
        };
        self.inject(c, by, frame);
    }
}
