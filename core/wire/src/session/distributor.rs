//! The distributor's side of an exchange.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use fieldcast_model::{Fingerprint, SnapshotSummary};

use super::exchange::{ExchangeMachine, ExchangeState, Side};
use super::handshake::Handshake;
use super::window::Window;
use crate::{
    Breach, ChunkSet, ComparisonResult, Credentials, EndReason, Held, Limits, Message, Offer, Receipt, Role, Sas,
    SavedSnapshot, offer_id,
};

/// A request of the distributor's machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributorRequest {
    /// Check the receiver's credentials, decide what to offer, then call [`Distributor::authorize`].
    Authorize(Credentials),
    /// Verify the receiver's identity, then call [`Distributor::confirm`]. The user compares this code, unless the
    /// receiver's key is trusted already. No data leaves this device before the confirmation.
    Confirm(Sas),
    /// Compute what the receiver lacks, send the manifest, then call [`Distributor::planned`].
    Plan(Vec<Held>),
    /// The changes were not enough: send the manifest of all chunks of these snapshots, then call
    /// [`Distributor::planned`].
    PlanWhole(Vec<u16>),
    /// Show that this number of encoded bytes is safe on the receiver's disk. The peer reports it. Needs no call.
    ShowStaged(u64),
}

/// Whether the receiver has signed this message with this signature.
type IsSigned = dyn Fn(&[u8], &[u8; 64]) -> bool + Send + Sync;

/// Verifies a receipt with the key that the receiver has proven.
pub struct ReceiptVerifier {
    /// This device.
    pub distributor: Fingerprint,
    /// Verifies a signature with the receiver's key.
    pub is_signed: Box<IsSigned>,
}

impl fmt::Debug for ReceiptVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiptVerifier").field("distributor", &self.distributor).finish_non_exhaustive()
    }
}

/// The distributor's state machine.
pub type Distributor = ExchangeMachine<DistributorSide>;

/// The distributor's own part of an exchange.
#[derive(Debug)]
pub struct DistributorSide {
    verifier: ReceiptVerifier,
    is_confirmed: bool,
    offer: Offer,
    /// The data that the receiver reported when it accepted.
    held: Vec<Held>,
    /// The sizes of the manifest's chunks, in manifest order.
    planned: Vec<u32>,
    window: Window,
    to_send: VecDeque<u32>,
    wanted: u32,
    /// How many wanted chunks are on the receiver's disk.
    staged: u32,
    /// How many records the receiver has reported as applied.
    applied: u64,
    /// Whether the receiver has already asked for whole snapshots.
    is_second_round: bool,
}

impl Side for DistributorSide {
    const ROLE: Role = Role::Distributor;
    type Request = DistributorRequest;

    fn on_code(exchange: &mut Distributor, credentials: Credentials) {
        exchange.timers.state_deadline = None; // this side works
        exchange.request(DistributorRequest::Authorize(credentials));
    }

    fn on_message(exchange: &mut Distributor, message: Message, now: Duration) {
        use ExchangeState as S;
        let side = &exchange.side;
        match (exchange.state(), message) {
            (S::Asking, Message::Accept(held)) if held.len() == side.offer.snapshots.len() => {
                exchange.side.held = held;
                exchange.enter(S::Confirming, Some(now + exchange.timers.limits().asking));
                exchange.plan_when_confirmed();
            }
            (S::Agreeing, Message::Want(wanted)) => exchange.on_want(&wanted, now),
            (S::Transferring, Message::Staged { chunks, bytes }) if chunks <= exchange.sent() => {
                exchange.on_staged(chunks, bytes, now);
            }
            (S::Transferring, Message::Applying { .. }) if side.to_send.is_empty() => {
                exchange.side.applied = 0;
                exchange.timers.peer_applying = true;
                exchange.enter(S::Applying, Some(now + exchange.timers.limits().applying));
            }
            (S::Applying, Message::Applying { records }) => exchange.on_applying(records, now),
            (S::Applying, Message::Differs(snapshots)) if !side.is_second_round => exchange.on_differs(snapshots),
            (S::Applying, Message::Saved(receipt)) => exchange.on_saved(receipt),
            _ => exchange.breach(Breach::OutOfTurn),
        }
    }

    fn heartbeat(_: &Distributor) -> Message {
        Message::Alive
    }

    fn must_finish(_: &Distributor) -> bool {
        false
    }

    fn defer_end(&mut self, _: EndReason, _: bool) {}
}

impl Distributor {
    /// A machine for a new connection. Its first actions send the hello, and the nonce if the receiver's hello is
    /// known.
    pub fn new(handshake: Handshake, verifier: ReceiptVerifier, limits: Limits, now: Duration) -> Self {
        let side = DistributorSide {
            verifier,
            is_confirmed: false,
            offer: Offer::default(),
            held: Vec::new(),
            planned: Vec::new(),
            window: Window::default(),
            to_send: VecDeque::new(),
            wanted: 0,
            staged: 0,
            applied: 0,
            is_second_round: false,
        };
        Self::start(handshake, side, limits, limits.greeting, now)
    }

    /// Sets the offer for this receiver, or the reason to offer nothing.
    pub fn authorize(&mut self, offer: Result<Offer, EndReason>, now: Duration) {
        let Some(code) = self.code().filter(|_| *self.state() == ExchangeState::Greeting) else { return };
        match offer {
            Ok(offer) => {
                self.side.offer = offer.clone();
                self.send(Message::Offer(offer), now);
                self.enter(ExchangeState::Asking, Some(now + self.timers.limits().asking));
                self.request(DistributorRequest::Confirm(code));
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// Sets the result of the identity check. May be called before or after the receiver's user answers.
    pub fn confirm(&mut self, confirmed: Result<(), EndReason>) {
        if !matches!(self.state(), ExchangeState::Asking | ExchangeState::Confirming) {
            return;
        }
        match confirmed {
            Ok(()) => {
                self.side.is_confirmed = true;
                self.plan_when_confirmed();
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// Reports that the manifest is queued for sending, with chunks of these sizes in bytes; or why there is none.
    pub fn planned(&mut self, sizes: Result<Vec<u32>, EndReason>, now: Duration) {
        if *self.state() != ExchangeState::Planning {
            return;
        }
        match sizes {
            Ok(sizes) => {
                self.side.planned = sizes;
                self.timers.sent(now);
                self.enter(ExchangeState::Agreeing, self.timers.progress_deadline(now));
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// Whether a chunk waits and may be sent now. The amount of unconfirmed data is limited; each report of chunks on
    /// disk makes room.
    pub fn may_send(&self) -> bool {
        let next = self.side.to_send.front().filter(|_| *self.state() == ExchangeState::Transferring);
        next.is_some_and(|next| self.side.window.has_room(self.side.size(*next)))
    }

    /// The next chunk to send. Call it only when the connection has room for one.
    pub fn next_chunk(&mut self, now: Duration) -> Option<u32> {
        let next = if self.may_send() { self.side.to_send.pop_front()? } else { return None };
        self.side.window.sent(self.side.size(next));
        self.timers.sent(now);
        Some(next)
    }

    /// Encoded bytes of the chunks that wait to be sent.
    pub fn bytes_to_send(&self) -> u64 {
        self.side.to_send.iter().map(|chunk| u64::from(self.side.size(*chunk))).sum()
    }

    /// How many of the wanted chunks have been sent.
    fn sent(&self) -> u32 {
        self.side.wanted - self.side.to_send.len() as u32
    }

    fn plan_when_confirmed(&mut self) {
        if self.side.is_confirmed && *self.state() == ExchangeState::Confirming {
            self.enter(ExchangeState::Planning, None);
            self.request(DistributorRequest::Plan(self.side.held.clone()));
        }
    }

    fn on_want(&mut self, wanted: &ChunkSet, now: Duration) {
        let side = &mut self.side;
        side.to_send = wanted.iter().collect();
        (side.wanted, side.staged) = (side.to_send.len() as u32, 0);
        side.window = Window::default();
        match side.to_send.back() {
            Some(last) if *last as usize >= side.planned.len() => self.breach(Breach::OutOfBounds),
            _ => self.enter(ExchangeState::Transferring, self.timers.progress_deadline(now)),
        }
    }

    /// Only new chunks are progress: a repeated report does not extend the time limit.
    fn on_staged(&mut self, chunks: u32, bytes: u64, now: Duration) {
        if chunks > self.side.staged {
            self.side.staged = chunks;
            self.timers.state_deadline = self.timers.progress_deadline(now);
            self.side.window.staged(chunks);
            self.request(DistributorRequest::ShowStaged(bytes));
        }
    }

    /// At most the number of offered records: otherwise a peer could report progress without end.
    fn on_applying(&mut self, records: u64, now: Duration) {
        if records > self.side.applied && records <= self.side.offered_records() {
            self.side.applied = records;
            self.timers.state_deadline = Some(now + self.timers.limits().applying);
        }
    }

    fn on_differs(&mut self, snapshots: Vec<u16>) {
        let is_set = snapshots.is_sorted_by(|a, b| a < b);
        let is_offered = snapshots.last().is_some_and(|last| usize::from(*last) < self.side.offer.snapshots.len());
        if !is_set || !is_offered {
            return self.breach(Breach::OutOfBounds);
        }
        self.side.is_second_round = true;
        self.timers.peer_applying = false;
        self.enter(ExchangeState::Planning, None);
        self.request(DistributorRequest::PlanWhole(snapshots));
    }

    fn on_saved(&mut self, receipt: Receipt) {
        let DistributorSide { verifier, offer, held, .. } = &self.side;
        let offered = &offer.snapshots;
        if receipt.saved.len() != offered.len() {
            return self.breach(Breach::OutOfBounds);
        }
        if !receipt.holds(&verifier.distributor, &offer_id(&verifier.distributor, offered), &verifier.is_signed) {
            return self.end(EndReason::NotSigned, true);
        }
        if !receipt.saved.iter().zip(offered).zip(held).all(|((saved, ours), held)| is_possible(saved, ours, held)) {
            return self.end(EndReason::DigestDiffers, true);
        }
        self.save(receipt);
    }
}

impl DistributorSide {
    /// The largest number of records that can be applied: all offered records, once for the changes and once for the
    /// second round.
    fn offered_records(&self) -> u64 {
        let offered = self.offer.snapshots.iter().map(|snapshot| snapshot.records);
        offered.fold(0, u64::saturating_add).saturating_mul(2)
    }

    fn size(&self, chunk: u32) -> u32 {
        self.planned.get(chunk as usize).copied().unwrap_or_default()
    }
}

/// Whether the comparison is possible for the data that the receiver held when it accepted.
fn is_possible(saved: &SavedSnapshot, ours: &SnapshotSummary, held: &Held) -> bool {
    match saved.comparison {
        ComparisonResult::Equal => saved.digest == ours.digest,
        ComparisonResult::KeptNewer { records } => records > 0 && held.digest != ours.digest,
        // The receiver's version was later when it accepted, or the claim is false.
        ComparisonResult::Ahead { as_of } => held.is_ahead && as_of > ours.as_of && held.as_of > ours.as_of,
        ComparisonResult::Conflict { as_of, .. } => {
            !held.is_ahead && held.as_of == as_of && as_of > ours.as_of && held.records < ours.records
        }
    }
}
