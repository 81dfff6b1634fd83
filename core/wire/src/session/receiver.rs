//! The receiver's side of an exchange.

use std::time::Duration;

use super::exchange::{ExchangeMachine, ExchangeState, Side};
use super::handshake::Handshake;
use crate::{Breach, ChunkSet, Credentials, EndReason, Held, Limits, Message, Offer, Receipt, Role};

/// A request of the receiver's machine. The requests before the first chunk come one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverRequest {
    /// Ask the [`ExchangeSlot`](crate::ExchangeSlot) for the exchange, then call [`Receiver::permit`], at once or when
    /// an earlier connection of this distributor is over.
    Permit,
    /// Check whether the campaign allows the offer, and whether the user has accepted exactly this offer before, then
    /// call [`Receiver::authorized`].
    Authorize(Credentials),
    /// Ask the user, then call [`Receiver::answer`].
    Ask,
    /// Store the consent, determine the local data for each offered snapshot, then call [`Receiver::accept`].
    Accept {
        /// Whether the user has just accepted. If not, the consent is stored already.
        is_new: bool,
    },
    /// All wanted chunks are on disk: apply them in one transaction for each dataset, then call [`Receiver::applied`].
    Apply,
}

/// The result of applying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All offered snapshots are saved. The caller has signed the receipt with this device's key.
    Saved(Receipt),
    /// The changes do not lead to these snapshots. Nothing of them was stored.
    Differs(Vec<u16>),
}

/// The receiver's state machine.
pub type Receiver = ExchangeMachine<ReceiverSide>;

/// The receiver's own part of an exchange.
#[derive(Debug, Default)]
pub struct ReceiverSide {
    /// The distributor's credentials, until the offer is authorized.
    credentials: Credentials,
    offer: Option<Offer>,
    /// Whether the caller stores the consent or checks a manifest.
    is_caller_busy: bool,
    /// The end that waits until this side has stored or applied, and whether to tell the peer.
    deferred_end: Option<(EndReason, bool)>,
    /// Wanted chunks that have not arrived, in ascending order.
    missing: Vec<u32>,
    wanted: u32,
    staged: u32,
    /// Records applied so far.
    applied: u64,
    /// Whether this side has already asked for whole snapshots, because the changes were not enough.
    is_second_round: bool,
}

impl Side for ReceiverSide {
    const ROLE: Role = Role::Receiver;
    type Request = ReceiverRequest;

    fn on_code(exchange: &mut Receiver, credentials: Credentials) {
        exchange.side.credentials = credentials;
    }

    fn on_message(exchange: &mut Receiver, message: Message, now: Duration) {
        match message {
            Message::Offer(offer) if *exchange.state() == ExchangeState::Greeting && exchange.code().is_some() => {
                exchange.side.offer = Some(offer);
                exchange.enter(ExchangeState::Asking, Some(now + exchange.timers.limits().asking));
                exchange.request(ReceiverRequest::Permit);
            }
            _ => exchange.breach(Breach::OutOfTurn),
        }
    }

    fn heartbeat(exchange: &Receiver) -> Message {
        match exchange.state() {
            ExchangeState::Applying => Message::Applying { records: exchange.side.applied },
            _ => Message::Alive,
        }
    }

    /// A running apply finishes, because all data is on this device. Other writes finish too: otherwise a consent could
    /// be stored after the end, when it is withdrawn already.
    fn must_finish(exchange: &Receiver) -> bool {
        *exchange.state() == ExchangeState::Applying || exchange.side.is_caller_busy
    }

    fn defer_end(&mut self, reason: EndReason, tell_peer: bool) {
        self.deferred_end.get_or_insert((reason, tell_peer));
    }
}

impl Receiver {
    /// A machine for a connection that the distributor has opened. Its first action sends the hello.
    pub fn new(handshake: Handshake, limits: Limits, now: Duration) -> Self {
        Self::start(handshake, ReceiverSide::default(), limits, limits.greeting, now)
    }

    /// A machine for a connection that this device has opened. It waits until the distributor's user picks this device.
    pub fn parked(handshake: Handshake, limits: Limits, now: Duration) -> Self {
        Self::start(handshake, ReceiverSide::default(), limits, limits.parked, now)
    }

    /// The offer, after it has arrived.
    pub fn offer(&self) -> Option<&Offer> {
        self.side.offer.as_ref()
    }

    /// Reports that this connection has the exchange, or why it does not get it.
    pub fn permit(&mut self, permit: Result<(), EndReason>) {
        if self.is_asking() {
            let credentials = std::mem::take(&mut self.side.credentials);
            match permit {
                Ok(()) => self.request(ReceiverRequest::Authorize(credentials)),
                Err(reason) => self.end(reason, true),
            }
        }
    }

    /// Reports whether to ask the user, or why the offer is refused. A user who has accepted exactly this offer before is
    /// not asked.
    pub fn authorized(&mut self, must_ask: Result<bool, EndReason>) {
        if self.is_asking() {
            match must_ask {
                Ok(true) => self.request(ReceiverRequest::Ask),
                Ok(false) => self.store_consent(false),
                Err(reason) => self.end(reason, true),
            }
        }
    }

    /// Reports the user's answer: yes, or no with the reason.
    pub fn answer(&mut self, answer: Result<(), EndReason>) {
        if self.is_asking() {
            match answer {
                Ok(()) => self.store_consent(true),
                Err(reason) => self.end(reason, true),
            }
        }
    }

    /// Reports that the consent is stored, with the local data for each offered snapshot; or why it could not be stored.
    pub fn accept(&mut self, held: Result<Vec<Held>, EndReason>, now: Duration) {
        if !self.is_asking() || self.finish_work() {
            return;
        }
        match held {
            Ok(held) => {
                self.timers.received(now); // silence while this side stored does not count
                self.send(Message::Accept(held), now);
                // The distributor's user may need the same time to confirm the code. If the user does not, the
                // distributor reports it.
                let limits = self.timers.limits();
                self.enter(ExchangeState::Agreeing, Some(now + limits.asking + limits.silence));
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// A manifest has arrived. Returns whether to check it and to call [`Self::want`]; if not, the exchange has ended.
    pub fn on_manifest(&mut self, now: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        self.timers.received(now);
        if *self.state() != ExchangeState::Agreeing || self.side.is_caller_busy {
            self.breach(Breach::OutOfTurn);
            return false;
        }
        self.begin_work();
        true
    }

    /// Requests the chunks of the manifest that are not on disk yet, or refuses the manifest.
    pub fn want(&mut self, wanted: Result<ChunkSet, EndReason>, now: Duration) {
        if *self.state() != ExchangeState::Agreeing || !self.side.is_caller_busy || self.finish_work() {
            return;
        }
        match wanted {
            Ok(wanted) => {
                self.side.missing = wanted.iter().collect();
                (self.side.wanted, self.side.staged) = (self.side.missing.len() as u32, 0);
                self.timers.received(now);
                self.send(Message::Want(wanted), now);
                self.enter(ExchangeState::Transferring, self.timers.progress_deadline(now));
                self.apply_when_complete(now);
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// A chunk has arrived. Returns whether this side has asked for it; if not, the exchange has ended.
    pub fn on_chunk(&mut self, index: u32, now: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        self.timers.received(now);
        match self.side.missing.binary_search(&index) {
            Ok(at) if *self.state() == ExchangeState::Transferring => {
                self.side.missing.remove(at);
                self.timers.state_deadline = self.timers.progress_deadline(now);
                true
            }
            _ => {
                self.breach(Breach::OutOfTurn);
                false
            }
        }
    }

    /// Reports the wanted chunks that are safe on disk (their number and encoded bytes), or why they could not be stored.
    pub fn staged(&mut self, staged: Result<(u32, u64), EndReason>, now: Duration) {
        if *self.state() != ExchangeState::Transferring {
            return;
        }
        match staged {
            Ok((chunks, bytes)) => {
                self.side.staged = chunks;
                self.timers.state_deadline = self.timers.progress_deadline(now);
                self.send(Message::Staged { chunks, bytes }, now);
                self.apply_when_complete(now);
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// Records applied since the transaction began. The next regular message to the distributor reports this number.
    pub fn applying(&mut self, records: u64) {
        self.side.applied = records;
    }

    /// Reports the result of the transactions.
    pub fn applied(&mut self, outcome: Result<Applied, EndReason>, now: Duration) {
        if *self.state() != ExchangeState::Applying {
            return;
        }
        match outcome {
            Ok(Applied::Differs(_)) if self.side.is_second_round => self.finish(EndReason::DigestDiffers, true),
            Ok(Applied::Differs(snapshots)) => {
                self.side.is_second_round = true;
                self.timers.received(now); // silence while applying does not count
                self.send(Message::Differs(snapshots), now);
                self.enter(ExchangeState::Agreeing, self.timers.progress_deadline(now));
                self.finish_work();
            }
            Ok(Applied::Saved(receipt)) => {
                self.send(Message::Saved(receipt.clone()), now);
                self.save(receipt);
            }
            Err(reason) => self.finish(reason, true),
        }
    }

    fn is_asking(&self) -> bool {
        *self.state() == ExchangeState::Asking
    }

    fn store_consent(&mut self, is_new: bool) {
        self.begin_work();
        self.request(ReceiverRequest::Accept { is_new });
    }

    /// The caller stores the consent or checks a manifest. Its time does not count.
    fn begin_work(&mut self) {
        self.side.is_caller_busy = true;
        self.timers.state_deadline = None;
    }

    /// The work is finished: ends the exchange if its end was deferred, and returns whether it was.
    fn finish_work(&mut self) -> bool {
        self.side.is_caller_busy = false;
        let deferred = self.side.deferred_end.take();
        let ends = deferred.is_some();
        if let Some((reason, tell_peer)) = deferred {
            self.finish(reason, tell_peer);
        }
        ends
    }

    fn apply_when_complete(&mut self, now: Duration) {
        if self.side.staged == self.side.wanted && self.side.missing.is_empty() {
            self.side.applied = 0;
            self.send(Message::Applying { records: 0 }, now);
            self.enter(ExchangeState::Applying, None);
            self.request(ReceiverRequest::Apply);
        }
    }
}
