//! The distributor's side of an exchange with one receiver.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_model::{DeviceName, SnapshotSummary};

use crate::limits::{Due, Timers};
use crate::window::Window;
use crate::{
    Breach, ChunkSet, ComparisonResult, Credentials, EndReason, HandshakeParameters, HandshakeSecret, Held, Hello,
    Limits, Message, Offer, Receipt, Role, Sas, SavedSnapshot,
};

/// State of the exchange with one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributorState {
    /// Waits for the receiver's hello.
    Greeting,
    /// The receiver's user is asked to accept.
    Asking,
    /// The receiver's user accepted. This side's user must still confirm that both screens show the same code.
    Confirming,
    /// Accepted and confirmed. The caller computes the manifest of the data that the receiver lacks.
    Planning,
    /// Waits for the list of wanted chunks.
    Agreeing,
    /// Chunks are in transfer, or the receiver writes the last of them to disk.
    Sending,
    /// The receiver has all chunks and applies them.
    Applying,
    /// The receiver has committed the data, and its digests match.
    Saved(Receipt),
    /// The exchange ended without "saved".
    Ended(EndReason),
}

/// Tasks for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DistributorAction {
    /// Send a control message.
    Send(Message),
    /// Check the receiver's credentials, decide what to offer, then call [`Distributor::admit`].
    Admit(Credentials),
    /// Verify the receiver's identity, then call [`Distributor::confirm`]. The user compares this code, unless the
    /// receiver's key is trusted already. No data leaves this device before the confirmation.
    Confirm(Sas),
    /// Compute what the receiver lacks, send the manifest, then call [`Distributor::planned`].
    Plan(Vec<Held>),
    /// The changes were not enough: send the manifest of all chunks of these snapshots, then call
    /// [`Distributor::planned`].
    PlanWhole(Vec<u16>),
    /// The state changed.
    Entered(DistributorState),
    /// This amount of data is safe on the receiver's disk.
    Staged {
        /// Chunks.
        chunks: u32,
        /// Encoded bytes.
        bytes: u64,
    },
    /// Send the queued messages, then close the connection. Always the last action.
    Close,
}

/// The state machine: takes messages and times, returns actions. Times are monotonic and count from any fixed instant.
#[derive(Debug)]
pub struct Distributor {
    hello: Hello,
    opening: HandshakeSecret,
    credentials: Credentials,
    /// The receiver's hello, after it was accepted.
    peer: Option<Hello>,
    /// The code on both screens, after both sides have revealed their nonces.
    code: Option<Sas>,
    is_confirmed: bool,
    offer: Offer,
    state: DistributorState,
    timers: Timers,
    actions: VecDeque<DistributorAction>,
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

impl Distributor {
    /// A machine for a new connection. Its first action sends the hello.
    pub fn new(introduction: HandshakeParameters, limits: Limits, now: Duration) -> Self {
        let HandshakeParameters { name, opening, credentials } = introduction;
        let hello = Hello::new(Role::Distributor, name, &opening);
        let actions = VecDeque::from([DistributorAction::Send(Message::Hello(hello.clone()))]);
        let timers = Timers::new(limits, now);
        let state = DistributorState::Greeting;
        Self {
            hello,
            opening,
            credentials,
            code: None,
            peer: None,
            is_confirmed: false,
            offer: Offer::default(),
            state,
            timers,
            actions,
            held: Vec::new(),
            planned: Vec::new(),
            window: Window::default(),
            to_send: VecDeque::new(),
            wanted: 0,
            staged: 0,
            applied: 0,
            is_second_round: false,
        }
    }

    /// The current state.
    pub const fn state(&self) -> &DistributorState {
        &self.state
    }

    /// The receiver's name, after its hello has arrived.
    pub fn peer_name(&self) -> Option<&DeviceName> {
        self.peer.as_ref().map(|hello| &hello.name)
    }

    /// Whether the exchange has ended, with or without success.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, DistributorState::Saved(_) | DistributorState::Ended(_))
    }

    /// The latest time for the next call of [`Self::on_time`].
    pub fn deadline(&self) -> Duration {
        self.timers.deadline(true)
    }

    /// The next action, or `None` if there is none.
    pub fn poll(&mut self) -> Option<DistributorAction> {
        self.actions.pop_front()
    }

    /// Handles a control message. Pass [`Message::Saved`] only after its signature was verified with the receiver's
    /// key. If the signature is wrong, call [`stop`](Self::stop) with [`EndReason::NotSigned`].
    pub fn on_message(&mut self, message: Message, now: Duration) {
        use DistributorState as S;
        if self.is_over() {
            return;
        }
        self.timers.heard(now);
        match (&self.state, message) {
            (_, Message::Alive) => {}
            (_, Message::Stop(reason)) => self.end(reason, false),
            (S::Greeting, Message::Hello(peer)) if self.peer.is_none() => match self.hello.agree(&peer) {
                Ok(_) => {
                    self.peer = Some(peer);
                    let (nonce, credentials) = (self.opening.nonce, self.credentials.clone());
                    self.send(Message::Reveal { nonce, credentials }, now);
                }
                Err(reason) => self.end(reason, true),
            },
            (S::Greeting, Message::Reveal { nonce, credentials }) if self.code.is_none() => {
                self.on_reveal(&nonce, credentials);
            }
            (S::Asking, Message::Accept(held)) if held.len() == self.offer.snapshots.len() => {
                self.held = held;
                self.enter(S::Confirming, Some(now + self.timers.limits().asking));
                self.plan_when_confirmed();
            }
            (S::Agreeing, Message::Want(wanted)) => self.on_want(&wanted, now),
            (S::Sending, Message::Staged { chunks, bytes }) if chunks <= self.sent() => {
                // Only new chunks are progress: a repeated report does not extend the time limit.
                if chunks > self.staged {
                    self.staged = chunks;
                    self.timers.state_ends = self.timers.progress_ends(now);
                    self.window.staged(chunks);
                    self.actions.push_back(DistributorAction::Staged { chunks, bytes });
                }
            }
            (S::Sending, Message::Applying { .. }) if self.to_send.is_empty() => {
                (self.timers.peer_applying, self.applied) = (true, 0);
                self.enter(S::Applying, Some(now + self.timers.limits().applying));
            }
            (S::Applying, Message::Applying { records }) => {
                // At most the number of offered records: otherwise a peer could report progress without end.
                if records > self.applied && records <= self.offered_records() {
                    self.applied = records;
                    self.timers.state_ends = Some(now + self.timers.limits().applying);
                }
            }
            (S::Applying, Message::Differs(snapshots)) if !self.is_second_round => self.on_differs(snapshots),
            (S::Applying, Message::Saved(receipt)) => self.on_saved(receipt),
            _ => self.end(EndReason::Protocol(Breach::OutOfTurn), true),
        }
    }

    /// Sets the offer for this receiver, or the reason to offer nothing.
    pub fn admit(&mut self, offer: Result<Offer, EndReason>, now: Duration) {
        let Some(code) = self.code.filter(|_| self.state == DistributorState::Greeting) else { return };
        match offer {
            Ok(offer) => {
                self.offer = offer.clone();
                self.send(Message::Offer(offer), now);
                self.enter(DistributorState::Asking, Some(now + self.timers.limits().asking));
                self.actions.push_back(DistributorAction::Confirm(code));
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// Sets the result of the identity check. May be called before or after the receiver's user answers.
    pub fn confirm(&mut self, confirmed: Result<(), EndReason>) {
        if !matches!(self.state, DistributorState::Asking | DistributorState::Confirming) {
            return;
        }
        match confirmed {
            Ok(()) => {
                self.is_confirmed = true;
                self.plan_when_confirmed();
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// The manifest is queued for sending. `sizes` are the sizes of its chunks in bytes.
    pub fn planned(&mut self, sizes: Vec<u32>, now: Duration) {
        if self.state == DistributorState::Planning {
            self.planned = sizes;
            self.timers.spoke(now);
            self.enter(DistributorState::Agreeing, self.timers.progress_ends(now));
        }
    }

    /// Whether a chunk waits and may be sent now. The amount of unconfirmed data is limited; each report of chunks on
    /// disk makes room.
    pub fn may_send(&self) -> bool {
        self.to_send.front().is_some_and(|next| self.window.has_room(self.size(*next)))
    }

    /// The next chunk to send. Call it only when the connection has room for one.
    pub fn next_chunk(&mut self, now: Duration) -> Option<u32> {
        let next = if self.may_send() { self.to_send.pop_front()? } else { return None };
        self.window.sent(self.size(next));
        self.timers.spoke(now);
        Some(next)
    }

    /// How many of the wanted chunks have been sent.
    fn sent(&self) -> u32 {
        self.wanted - self.to_send.len() as u32
    }

    /// The largest number of records that can be applied: all offered records, once for the changes and once for the
    /// second round.
    fn offered_records(&self) -> u64 {
        let offered = self.offer.snapshots.iter().map(|snapshot| snapshot.records);
        offered.fold(0, u64::saturating_add).saturating_mul(2)
    }

    fn size(&self, chunk: u32) -> u32 {
        self.planned.get(chunk as usize).copied().unwrap_or_default()
    }

    /// The chunks that wait to be sent, in order.
    pub fn chunks_to_send(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.to_send.iter().copied()
    }

    /// Checks the timers.
    pub fn on_time(&mut self, now: Duration) {
        if self.is_over() {
            return;
        }
        match self.timers.due(true, now) {
            Some(Due::StateEnds) if self.state == DistributorState::Asking => self.end(EndReason::NotAnswered, true),
            Some(Due::StateEnds) if self.state == DistributorState::Confirming => {
                self.end(EndReason::NotConfirmed, true)
            }
            Some(Due::StateEnds | Due::PeerSilent) => self.end(EndReason::Lost, true),
            Some(Due::Heartbeat) => self.send(Message::Alive, now),
            None => {}
        }
    }

    /// Ends the exchange for a local reason (the user cancels, data is unreadable, a frame is not a message) and sends
    /// the reason to the receiver.
    pub fn stop(&mut self, reason: EndReason) {
        if !self.is_over() {
            self.end(reason, true);
        }
    }

    /// The connection is lost.
    pub fn on_lost(&mut self) {
        if !self.is_over() {
            self.end(EndReason::Lost, false);
        }
    }

    fn on_reveal(&mut self, nonce: &[u8; 32], credentials: Credentials) {
        let Some(peer) = &self.peer else { return self.end(EndReason::Protocol(Breach::OutOfTurn), true) };
        self.code = self.opening.compare(Role::Distributor, &peer.commitment, nonce);
        match self.code {
            Some(_) => self.actions.push_back(DistributorAction::Admit(credentials)),
            None => self.end(EndReason::Protocol(Breach::NotCommitted), true),
        }
    }

    fn plan_when_confirmed(&mut self) {
        if self.is_confirmed && self.state == DistributorState::Confirming {
            self.enter(DistributorState::Planning, None);
            self.actions.push_back(DistributorAction::Plan(self.held.clone()));
        }
    }

    fn on_want(&mut self, wanted: &ChunkSet, now: Duration) {
        self.to_send = wanted.iter().collect();
        (self.wanted, self.staged) = (self.to_send.len() as u32, 0);
        self.window = Window::default();
        match self.to_send.back() {
            Some(last) if *last as usize >= self.planned.len() => {
                self.end(EndReason::Protocol(Breach::OutOfBounds), true)
            }
            _ => self.enter(DistributorState::Sending, self.timers.progress_ends(now)),
        }
    }

    fn on_differs(&mut self, snapshots: Vec<u16>) {
        let is_set = snapshots.is_sorted_by(|a, b| a < b);
        let is_offered = snapshots.last().is_some_and(|last| usize::from(*last) < self.offer.snapshots.len());
        if !is_set || !is_offered {
            return self.end(EndReason::Protocol(Breach::OutOfBounds), true);
        }
        self.is_second_round = true;
        self.timers.peer_applying = false;
        self.enter(DistributorState::Planning, None);
        self.actions.push_back(DistributorAction::PlanWhole(snapshots));
    }

    fn on_saved(&mut self, receipt: Receipt) {
        let saved = &receipt.saved;
        let is_true = |((saved, ours), held): ((&SavedSnapshot, &SnapshotSummary), &Held)| match saved.comparison {
            ComparisonResult::Equal => saved.digest == ours.digest,
            ComparisonResult::KeptNewer { records } => records > 0 && held.digest != ours.digest,
            // The receiver's version was later when it accepted, or the claim is false.
            ComparisonResult::Ahead { as_of } => held.is_ahead && as_of > ours.as_of && held.as_of > ours.as_of,
            ComparisonResult::Conflict { as_of, .. } => {
                !held.is_ahead && held.as_of == as_of && as_of > ours.as_of && held.records < ours.records
            }
        };
        if saved.len() != self.offer.snapshots.len() {
            self.end(EndReason::Protocol(Breach::OutOfBounds), true);
        } else if saved.iter().zip(&self.offer.snapshots).zip(&self.held).all(is_true) {
            self.enter(DistributorState::Saved(receipt), None);
            self.actions.push_back(DistributorAction::Close);
        } else {
            self.end(EndReason::DigestDiffers, true);
        }
    }

    fn send(&mut self, message: Message, now: Duration) {
        self.timers.spoke(now);
        self.actions.push_back(DistributorAction::Send(message));
    }

    fn enter(&mut self, state: DistributorState, ends: Option<Duration>) {
        self.timers.state_ends = ends;
        self.state = state.clone();
        self.actions.push_back(DistributorAction::Entered(state));
    }

    fn end(&mut self, reason: EndReason, tell_peer: bool) {
        self.to_send.clear();
        if tell_peer {
            self.actions.push_back(DistributorAction::Send(Message::Stop(reason.clone())));
        }
        self.enter(DistributorState::Ended(reason), None);
        self.actions.push_back(DistributorAction::Close);
    }
}
