//! The receiver's side of an exchange.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_model::DeviceName;

use crate::limits::{Due, Timers};
use crate::{
    Breach, ChunkSet, Credentials, EndReason, HandshakeParameters, HandshakeSecret, Held, Hello, Limits, Message,
    Offer, Receipt, Role, Sas,
};

/// State of the exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverState {
    /// Waits for the distributor's hello and offer.
    Greeting,
    /// The user is asked to accept.
    Asking,
    /// Accepted. The manifest is in transfer.
    Agreeing,
    /// Chunks are arriving.
    Receiving,
    /// All chunks are on disk. The transaction runs.
    Applying,
    /// The data is committed and compared.
    Saved,
    /// The exchange ended without "saved".
    Ended(EndReason),
}

/// Tasks for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverAction {
    /// Send a control message.
    Send(Message),
    /// Ask the user, then call [`Receiver::answer`].
    Ask {
        /// The sender's name.
        sender: DeviceName,
        /// The code that both screens show.
        code: Sas,
        /// Statements of campaigns about the sender and about others.
        credentials: Credentials,
        /// The offered data.
        offer: Offer,
    },
    /// All wanted chunks are on disk: apply them in one transaction for each dataset, then call [`Receiver::applied`].
    Apply,
    /// The state changed.
    Entered(ReceiverState),
    /// Send the queued messages, then close the connection. Always the last action.
    Close,
}

/// The result of applying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All offered snapshots are saved. The caller has signed the receipt with this device's key.
    Saved(Receipt),
    /// The changes were applied, but these snapshots still differ.
    Differs(Vec<u16>),
}

/// The state machine: takes messages, answers and times, returns actions. Times are monotonic and count from any fixed
/// instant.
#[derive(Debug)]
pub struct Receiver {
    hello: Hello,
    opening: HandshakeSecret,
    credentials: Credentials,
    /// The distributor's hello, after it has arrived.
    peer: Option<Hello>,
    /// The code on both screens, after both sides have revealed their nonces.
    code: Option<Sas>,
    /// The distributor's credentials.
    shown: Credentials,
    state: ReceiverState,
    timers: Timers,
    actions: VecDeque<ReceiverAction>,
    snapshots: usize,
    /// Wanted chunks that have not arrived.
    missing: Vec<u32>,
    wanted: u32,
    staged: u32,
    /// Records applied so far.
    applied: u64,
    /// Whether this side has already asked for whole snapshots, because the changes were not enough.
    is_second_round: bool,
    /// Whether the peer disconnected or broke the protocol while this side was applying.
    is_peer_gone: bool,
}

impl Receiver {
    /// A machine for a new connection. Its first action sends the hello.
    pub fn new(introduction: HandshakeParameters, limits: Limits, now: Duration) -> Self {
        let HandshakeParameters { name, opening, credentials } = introduction;
        let hello = Hello::new(Role::Receiver, name, &opening);
        Self {
            actions: VecDeque::from([ReceiverAction::Send(Message::Hello(hello.clone()))]),
            hello,
            opening,
            credentials,
            peer: None,
            code: None,
            shown: Credentials::default(),
            state: ReceiverState::Greeting,
            timers: Timers::new(limits, now),
            snapshots: 0,
            missing: Vec::new(),
            wanted: 0,
            staged: 0,
            applied: 0,
            is_second_round: false,
            is_peer_gone: false,
        }
    }

    /// The current state.
    pub const fn state(&self) -> &ReceiverState {
        &self.state
    }

    /// Whether the exchange has ended, with or without success.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, ReceiverState::Saved | ReceiverState::Ended(_))
    }

    /// The latest time for the next call of [`Self::on_time`].
    pub fn deadline(&self) -> Duration {
        self.timers.deadline(self.state != ReceiverState::Applying)
    }

    /// The next action, or `None` if there is none.
    pub fn poll(&mut self) -> Option<ReceiverAction> {
        self.actions.pop_front()
    }

    /// Handles a control message.
    pub fn on_message(&mut self, message: Message, now: Duration) {
        if self.is_over() {
            return;
        }
        self.timers.heard(now);
        match (&self.state, message) {
            (_, Message::Alive) => {}
            (_, Message::Stop(reason)) => self.end(reason, false),
            (ReceiverState::Greeting, Message::Hello(peer)) if self.peer.is_none() => match self.hello.agree(&peer) {
                Ok(_) => {
                    self.peer = Some(peer);
                    let (nonce, credentials) = (self.opening.nonce, self.credentials.clone());
                    self.send(Message::Reveal { nonce, credentials }, now);
                }
                Err(reason) => self.end(reason, true),
            },
            (ReceiverState::Greeting, Message::Reveal { nonce, credentials }) if self.code.is_none() => {
                self.shown = credentials;
                self.on_reveal(&nonce);
            }
            (ReceiverState::Greeting, Message::Offer(offer)) => self.on_offer(offer, now),
            _ => self.end(EndReason::Protocol(Breach::OutOfTurn), true),
        }
    }

    /// The user's answer: yes, with the local data for each offered snapshot, or no, with the reason.
    pub fn answer(&mut self, answer: Result<Vec<Held>, EndReason>, now: Duration) {
        if self.state != ReceiverState::Asking {
            return;
        }
        match answer {
            Ok(held) => {
                debug_assert_eq!(held.len(), self.snapshots);
                self.send(Message::Accept(held), now);
                // The distributor's user may need the same time to confirm the code. If the user does not, the
                // distributor reports it.
                let limits = self.timers.limits();
                let ends = now + limits.asking + limits.silence;
                self.enter(ReceiverState::Agreeing, Some(ends));
            }
            Err(reason) => self.end(reason, true),
        }
    }

    /// The manifest has arrived and is valid. `wanted` are its chunks that are not on disk yet.
    pub fn on_manifest(&mut self, wanted: ChunkSet, now: Duration) {
        if self.is_over() {
            return;
        }
        self.timers.heard(now);
        if self.state != ReceiverState::Agreeing {
            return self.end(EndReason::Protocol(Breach::OutOfTurn), true);
        }
        self.missing = wanted.iter().collect(); // ascending order; `on_chunk` relies on it
        (self.wanted, self.staged) = (self.missing.len() as u32, 0);
        self.send(Message::Want(wanted), now);
        self.enter(ReceiverState::Receiving, self.timers.progress_ends(now));
        self.apply_when_complete(now);
    }

    /// Handles a chunk. Returns whether this side has asked for it; if not, the exchange has ended.
    pub fn on_chunk(&mut self, index: u32, now: Duration) -> bool {
        if self.is_over() {
            return false;
        }
        self.timers.heard(now);
        match self.missing.binary_search(&index) {
            Ok(at) if self.state == ReceiverState::Receiving => {
                self.missing.remove(at);
                self.timers.state_ends = self.timers.progress_ends(now);
                true
            }
            _ => {
                self.end(EndReason::Protocol(Breach::OutOfTurn), true);
                false
            }
        }
    }

    /// Reports that `chunks` wanted chunks in total are safe on disk.
    pub fn staged(&mut self, chunks: u32, bytes: u64, now: Duration) {
        if self.state == ReceiverState::Receiving {
            self.staged = chunks;
            self.timers.state_ends = self.timers.progress_ends(now);
            self.send(Message::Staged { chunks, bytes }, now);
            self.apply_when_complete(now);
        }
    }

    /// Records applied since the transaction began. The next regular message to the distributor reports this number.
    pub fn applying(&mut self, records: u64) {
        self.applied = records;
    }

    /// The result of the transactions.
    pub fn applied(&mut self, outcome: Result<Applied, EndReason>, now: Duration) {
        if self.state != ReceiverState::Applying {
            return;
        }
        match outcome {
            Ok(Applied::Differs(_)) if self.is_second_round => self.finish(EndReason::DigestDiffers, true),
            Ok(Applied::Differs(snapshots)) => {
                self.is_second_round = true;
                self.timers.heard(now); // silence while applying does not count
                self.send(Message::Differs(snapshots), now);
                self.enter(ReceiverState::Agreeing, self.timers.progress_ends(now));
                if self.is_peer_gone {
                    self.end(EndReason::Lost, false);
                }
            }
            Ok(Applied::Saved(receipt)) => {
                self.send(Message::Saved(receipt), now);
                self.enter(ReceiverState::Saved, None);
                self.actions.push_back(ReceiverAction::Close);
            }
            Err(reason) => self.finish(reason, true),
        }
    }

    /// Checks the timers.
    pub fn on_time(&mut self, now: Duration) {
        if self.is_over() {
            return;
        }
        match self.timers.due(self.state != ReceiverState::Applying, now) {
            Some(Due::StateEnds) if self.state == ReceiverState::Asking => self.end(EndReason::NotAnswered, true),
            Some(Due::StateEnds | Due::PeerSilent) => self.end(EndReason::Lost, true),
            Some(Due::Heartbeat) if self.state == ReceiverState::Applying => {
                self.send(Message::Applying { records: self.applied }, now);
            }
            Some(Due::Heartbeat) => self.send(Message::Alive, now),
            None => {}
        }
    }

    /// Ends the exchange for a local reason and sends the reason to the distributor. Has no effect while applying,
    /// which cannot be stopped.
    pub fn stop(&mut self, reason: EndReason) {
        if !self.is_over() {
            self.end(reason, true);
        }
    }

    /// The connection is lost. An apply that runs still finishes, because all data is on this device.
    pub fn on_lost(&mut self) {
        if !self.is_over() {
            self.end(EndReason::Lost, false);
        }
    }

    fn on_reveal(&mut self, nonce: &[u8; 32]) {
        let Some(peer) = &self.peer else { return self.end(EndReason::Protocol(Breach::OutOfTurn), true) };
        self.code = self.opening.compare(Role::Receiver, &peer.commitment, nonce);
        if self.code.is_none() {
            self.end(EndReason::Protocol(Breach::NotCommitted), true);
        }
    }

    fn on_offer(&mut self, offer: Offer, now: Duration) {
        let (Some(peer), Some(code)) = (&self.peer, self.code) else {
            return self.end(EndReason::Protocol(Breach::OutOfTurn), true);
        };
        let sender = peer.name.clone();
        self.snapshots = offer.snapshots.len();
        self.enter(ReceiverState::Asking, Some(now + self.timers.limits().asking));
        let credentials = std::mem::take(&mut self.shown);
        self.actions.push_back(ReceiverAction::Ask { sender, code, credentials, offer });
    }

    fn apply_when_complete(&mut self, now: Duration) {
        if self.staged == self.wanted && self.missing.is_empty() {
            self.applied = 0;
            self.send(Message::Applying { records: 0 }, now);
            self.enter(ReceiverState::Applying, None);
            self.actions.push_back(ReceiverAction::Apply);
        }
    }

    fn send(&mut self, message: Message, now: Duration) {
        self.timers.spoke(now);
        self.actions.push_back(ReceiverAction::Send(message));
    }

    fn enter(&mut self, state: ReceiverState, ends: Option<Duration>) {
        self.timers.state_ends = ends;
        self.state = state.clone();
        self.actions.push_back(ReceiverAction::Entered(state));
    }

    /// Ends the exchange. A running apply still finishes and commits, because all data is on this device.
    fn end(&mut self, reason: EndReason, tell_peer: bool) {
        if self.state == ReceiverState::Applying {
            self.is_peer_gone = true;
        } else {
            self.finish(reason, tell_peer);
        }
    }

    fn finish(&mut self, reason: EndReason, tell_peer: bool) {
        if tell_peer {
            self.actions.push_back(ReceiverAction::Send(Message::Stop(reason.clone())));
        }
        self.enter(ReceiverState::Ended(reason), None);
        self.actions.push_back(ReceiverAction::Close);
    }
}
