//! A distributor's connection before the exchange: it reads the receiver's hello, then both sides exchange heartbeats
//! until the user picks the receiver.

use std::collections::VecDeque;
use std::time::Duration;

use super::handshake::{Handshake, Step};
use super::timers::{Due, Timers};
use crate::{Breach, EndReason, Hello, Limits, Message};

/// An action for the caller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParkedAction {
    /// Send a control message.
    Send(Message),
    /// The receiver has sent its hello. Its connection can be used from now on.
    Greeted(Hello),
    /// Send the queued messages, then close the connection. Always the last action.
    Close(EndReason),
}

/// The state machine of a parked connection.
#[derive(Debug)]
pub struct Parked {
    handshake: Handshake,
    timers: Timers,
    is_probe: bool,
    is_over: bool,
    actions: VecDeque<ParkedAction>,
}

impl Parked {
    /// For a connection that a receiver has opened.
    pub fn new(handshake: Handshake, limits: Limits, now: Duration) -> Self {
        let timers = Timers::new(limits, limits.greeting, now);
        Self { handshake, timers, is_probe: false, is_over: false, actions: VecDeque::new() }
    }

    /// For a connection to an address whose device is not known. It ends when the device has sent its hello. This
    /// side sends its hello first, so that two distributors do not wait for each other.
    pub fn probe(handshake: Handshake, limits: Limits, now: Duration) -> Self {
        let hello = handshake.first_messages().map(ParkedAction::Send).collect();
        Self { is_probe: true, actions: hello, ..Self::new(handshake, limits, now) }
    }

    /// The latest time for the next call of [`Self::on_time`].
    pub fn deadline(&self) -> Duration {
        self.timers.deadline(true)
    }

    /// The next action, or `None` if there is none.
    pub fn poll(&mut self) -> Option<ParkedAction> {
        self.actions.pop_front()
    }

    /// Handles a control message.
    pub fn on_message(&mut self, message: Message, now: Duration) {
        if self.is_over {
            return;
        }
        self.timers.received(now);
        match message {
            Message::Alive => {}
            Message::Stop(reason) => {
                let answer = matches!(reason, EndReason::Looked { .. }).then(|| self.handshake.identify_process());
                self.close(reason, answer);
            }
            message if self.handshake.peer().is_none() => match self.handshake.on_message(message) {
                Ok(Step::Invited) => {}
                Ok(Step::Greeted) => self.greeted(),
                Ok(_) => self.stop(EndReason::Protocol(Breach::OutOfTurn)),
                Err(reason) => self.stop(reason),
            },
            _ => self.stop(EndReason::Protocol(Breach::OutOfTurn)),
        }
    }

    /// Part of a frame has arrived: on a slow link this also shows that the peer is alive.
    pub fn on_bytes(&mut self, now: Duration) {
        self.timers.received(now);
    }

    /// Checks the timers.
    pub fn on_time(&mut self, now: Duration) {
        match self.timers.due(true, now) {
            _ if self.is_over => {}
            Some(Due::StateEnds | Due::PeerSilent) => self.stop(EndReason::Lost),
            Some(Due::Heartbeat) => {
                self.timers.sent(now);
                self.actions.push_back(ParkedAction::Send(Message::Alive));
            }
            None => {}
        }
    }

    /// Ends the connection and sends the reason to the receiver.
    pub fn stop(&mut self, reason: EndReason) {
        if !self.is_over {
            self.close(reason.clone(), Some(Message::Stop(reason)));
        }
    }

    /// The connection is lost.
    pub fn on_lost(&mut self) {
        if !self.is_over {
            self.close(EndReason::Lost, None);
        }
    }

    /// The handshake with the receiver's hello, for the exchange on this connection.
    pub fn into_handshake(self) -> Handshake {
        self.handshake
    }

    /// Whether the receiver proved an invite of this distributor.
    pub fn is_invited(&self) -> bool {
        self.handshake.is_invited()
    }

    fn greeted(&mut self) {
        let Some(hello) = self.handshake.peer() else { return };
        if self.handshake.has_invalid_proof() && !self.is_probe {
            return self.stop(EndReason::NotInvited);
        }
        self.actions.push_back(ParkedAction::Greeted(hello.clone()));
        self.timers.state_deadline = None;
        if self.is_probe {
            let looked = self.handshake.identify_process();
            self.close(EndReason::Lost, Some(looked)); // the caller has what it wanted, so no reason is shown
        }
    }

    fn close(&mut self, reason: EndReason, last: Option<Message>) {
        self.is_over = true;
        self.actions.extend(last.map(ParkedAction::Send));
        self.actions.push_back(ParkedAction::Close(reason));
    }
}
