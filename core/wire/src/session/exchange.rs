//! The half of an exchange that both roles share: handshake, timers, actions and the end.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_model::DeviceName;

use super::handshake::{Handshake, Step};
use super::timers::{Due, Timers};
use crate::{Breach, Credentials, EndReason, Limits, Message, Receipt, Role, Sas};

/// The state of an exchange. Both sides use the same states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExchangeState {
    /// The devices exchange hellos and nonces. The receiver waits for the offer.
    Greeting,
    /// The offer was made. The receiver's user decides.
    Asking,
    /// Distributor: the receiver accepted. The user on this side must still confirm the code.
    Confirming,
    /// Distributor: this side computes what the receiver lacks.
    Planning,
    /// The manifest is in transfer, then the receiver's request for chunks.
    Agreeing,
    /// Chunks are in transfer, or the receiver writes the last of them to disk.
    Transferring,
    /// The receiver has all chunks and applies them.
    Applying,
    /// The receiver has committed and compared the data.
    Saved,
    /// The exchange ended without "saved".
    Ended(EndReason),
}

/// An action for the caller. `R` is the type of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action<R> {
    /// Send a control message.
    Send(Message),
    /// Do this; most requests need a call with the result. Meanwhile the machine still takes messages.
    Do(R),
    /// The state changed.
    Entered(ExchangeState),
    /// Send the queued messages, then close the connection. Always the last action.
    Close,
}

/// The rules of one role.
pub trait Side: Sized {
    /// The role.
    const ROLE: Role;
    /// The requests to the caller.
    type Request;

    /// The code is known.
    fn on_code(exchange: &mut ExchangeMachine<Self>, credentials: Credentials);

    /// Handles a message that does not belong to the handshake.
    fn on_message(exchange: &mut ExchangeMachine<Self>, message: Message, now: Duration);

    /// The message that shows that this side is alive.
    fn heartbeat(exchange: &ExchangeMachine<Self>) -> Message;

    /// Whether this side finishes its work even if the peer is silent or gone.
    fn must_finish(exchange: &ExchangeMachine<Self>) -> bool;

    /// The exchange ends for this reason as soon as the work is finished. `tell_peer` is whether to send the reason.
    fn defer_end(&mut self, reason: EndReason, tell_peer: bool);
}

/// One side of an exchange. See [`Distributor`](crate::Distributor) and [`Receiver`](crate::Receiver).
#[derive(Debug)]
pub struct ExchangeMachine<S: Side> {
    pub(super) handshake: Handshake,
    pub(super) timers: Timers,
    pub(super) side: S,
    state: ExchangeState,
    /// The state in which this side itself detected that the connection is lost.
    lost_in: Option<ExchangeState>,
    receipt: Option<Receipt>,
    actions: VecDeque<Action<S::Request>>,
}

impl<S: Side> ExchangeMachine<S> {
    /// A machine for a new connection, whose offer must come within `greeting`.
    pub(super) fn start(handshake: Handshake, side: S, limits: Limits, greeting: Duration, now: Duration) -> Self {
        let actions = handshake.first_messages().map(Action::Send).collect();
        let timers = Timers::new(limits, greeting, now);
        Self { handshake, timers, side, state: ExchangeState::Greeting, lost_in: None, receipt: None, actions }
    }

    /// The current state.
    pub const fn state(&self) -> &ExchangeState {
        &self.state
    }

    /// The state in which this side itself detected that the connection is lost: see [`Resumption`](crate::Resumption).
    pub const fn lost_in(&self) -> Option<&ExchangeState> {
        self.lost_in.as_ref()
    }

    /// The receipt, or the reason why nothing was saved; [`EndReason::Lost`] while the exchange runs.
    ///
    /// # Errors
    /// The reason.
    pub fn outcome(&self) -> Result<&Receipt, EndReason> {
        match (&self.receipt, &self.state) {
            (Some(receipt), _) => Ok(receipt),
            (None, ExchangeState::Ended(reason)) => Err(reason.clone()),
            (None, _) => Err(EndReason::Lost),
        }
    }

    /// The peer's name, after its hello has arrived.
    pub fn peer_name(&self) -> Option<&DeviceName> {
        self.handshake.peer().map(|hello| &hello.name)
    }

    /// The code on both screens, after the handshake.
    pub fn code(&self) -> Option<Sas> {
        self.handshake.code()
    }

    /// Whether the receiver has read an invite of the distributor, so that neither side compares a code.
    pub fn is_invited(&self) -> bool {
        self.handshake.is_invited()
    }

    /// Whether the exchange has ended, with or without success.
    pub const fn is_over(&self) -> bool {
        matches!(self.state, ExchangeState::Saved | ExchangeState::Ended(_))
    }

    /// The latest time for the next call of [`Self::on_time`].
    pub fn deadline(&self) -> Duration {
        self.timers.deadline(!S::must_finish(self))
    }

    /// The next action, or `None` if there is none.
    pub fn poll(&mut self) -> Option<Action<S::Request>> {
        self.actions.pop_front()
    }

    /// Handles a control message.
    pub fn on_message(&mut self, message: Message, now: Duration) {
        if self.is_over() {
            return;
        }
        self.timers.received(now);
        match message {
            Message::Alive => {}
            Message::Stop(reason) => {
                if matches!(reason, EndReason::Looked { .. }) {
                    self.actions.push_back(Action::Send(self.handshake.identify_process()));
                }
                self.end(reason, false);
            }
            message if self.state == ExchangeState::Greeting => self.greet(message, now),
            message => S::on_message(self, message, now),
        }
    }

    /// Part of a frame has arrived: on a slow link this also shows that the peer is alive.
    pub fn on_bytes(&mut self, now: Duration) {
        self.timers.received(now);
    }

    /// Checks the timers.
    pub fn on_time(&mut self, now: Duration) {
        if self.is_over() {
            return;
        }
        match self.timers.due(!S::must_finish(self), now) {
            Some(due @ (Due::StateEnds | Due::PeerSilent)) => {
                let reason = match (due, &self.state) {
                    (Due::StateEnds, ExchangeState::Asking) => EndReason::NotAnswered,
                    (Due::StateEnds, ExchangeState::Confirming) => EndReason::NotConfirmed,
                    _ => EndReason::Lost,
                };
                self.lost_in.get_or_insert(self.state.clone());
                self.end(reason, true);
            }
            Some(Due::Heartbeat) => self.send(S::heartbeat(self), now),
            None => {}
        }
    }

    /// Ends the exchange for a local reason (the user cancels, data is unreadable, a frame is not a message) and sends
    /// the reason to the peer. A receiver that stores something finishes that first.
    pub fn stop(&mut self, reason: EndReason) {
        if !self.is_over() {
            self.end(reason, true);
        }
    }

    /// The peer broke the protocol: ends the exchange.
    pub fn breach(&mut self, breach: Breach) {
        self.stop(EndReason::Protocol(breach));
    }

    /// The connection is lost. A receiver that applies still finishes, because all data is on its device.
    pub fn on_lost(&mut self) {
        if !self.is_over() {
            self.lost_in.get_or_insert(self.state.clone());
            self.end(EndReason::Lost, false);
        }
    }

    fn greet(&mut self, message: Message, now: Duration) {
        match self.handshake.on_message(message) {
            Ok(Step::Invited) => {}
            Ok(Step::Greeted) => self.send(self.handshake.reveal(), now),
            Ok(Step::Done(credentials)) => S::on_code(self, credentials),
            Ok(Step::Other(message)) => S::on_message(self, message, now),
            Err(reason) => self.end(reason, true),
        }
    }

    pub(super) fn send(&mut self, message: Message, now: Duration) {
        self.timers.sent(now);
        self.actions.push_back(Action::Send(message));
    }

    pub(super) fn request(&mut self, request: S::Request) {
        self.actions.push_back(Action::Do(request));
    }

    /// Enters a state that must end at this time; `None` if it has no limit.
    pub(super) fn enter(&mut self, state: ExchangeState, ends: Option<Duration>) {
        self.timers.state_deadline = ends;
        self.state = state.clone();
        self.actions.push_back(Action::Entered(state));
    }

    pub(super) fn end(&mut self, reason: EndReason, tell_peer: bool) {
        if S::must_finish(self) {
            self.side.defer_end(reason, tell_peer);
        } else {
            self.finish(reason, tell_peer);
        }
    }

    pub(super) fn finish(&mut self, reason: EndReason, tell_peer: bool) {
        if tell_peer {
            self.actions.push_back(Action::Send(Message::Stop(reason.clone())));
        }
        self.enter(ExchangeState::Ended(reason), None);
        self.actions.push_back(Action::Close);
    }

    pub(super) fn save(&mut self, receipt: Receipt) {
        self.receipt = Some(receipt);
        self.enter(ExchangeState::Saved, None);
        self.actions.push_back(Action::Close);
    }
}
