//! The distributor: one `Sending` for each selected receiver, with the rules of `Resumption`.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_wire::{EndReason, Offer, Resumption};

use super::world::{DISTRIBUTOR, Event, RECEIVER, World};

const DIAL_LIMIT: Duration = Duration::from_secs(10);
/// The engine's default, `ExchangeSettings::resume_for`.
const RESUME_FOR: Duration = Duration::from_secs(60);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SendState {
    Unfound,
    Queued,
    Connecting,
    Live(usize),
    Pausing,
    Done(Result<(), EndReason>),
}

#[derive(Debug)]
pub(crate) struct Sending {
    pub(crate) state: SendState,
    /// Distinguishes this dial or pause from earlier ones.
    turn: u32,
    /// The port on which the receiver is expected to listen.
    port: u32,
    pub(crate) resumption: Resumption,
    pub(crate) is_cancelled: bool,
    /// Whether the last dial failed at random; never two in a row.
    failed_at_random: bool,
}

pub(crate) struct DistributorSide {
    pub(crate) offer: Offer,
    pub(crate) sending: Vec<Sending>,
    live: usize,
    queue: VecDeque<usize>,
    pub(crate) is_down: bool,
}

impl DistributorSide {
    pub(crate) fn new(offer: Offer, receivers: usize) -> Self {
        let sending = || Sending {
            state: SendState::Unfound,
            turn: 0,
            port: 0,
            resumption: Resumption::new(RESUME_FOR),
            is_cancelled: false,
            failed_at_random: false,
        };
        let sending = (0..receivers).map(|_| sending()).collect();
        Self { offer, sending, live: 0, queue: VecDeque::new(), is_down: false }
    }
}

impl World {
    /// An announcement has arrived: stores the address, and selects a receiver that was not seen before.
    pub(crate) fn discovered(&mut self, receiver: usize, port: u32) {
        if self.distributor_side.is_down {
            return;
        }
        let sending = &mut self.distributor_side.sending[receiver];
        sending.port = port;
        if sending.state == SendState::Unfound {
            sending.state = SendState::Queued;
            self.distributor_side.queue.push_back(receiver);
            self.dial_queued();
        }
    }

    fn dial_queued(&mut self) {
        while self.distributor_side.live < self.plan.max_live
            && let Some(receiver) = self.distributor_side.queue.pop_front()
        {
            self.distributor_side.live += 1;
            self.distributor_side.sending[receiver].resumption = Resumption::new(RESUME_FOR);
            self.dial(receiver);
        }
    }

    fn dial(&mut self, receiver: usize) {
        let sending = &mut self.distributor_side.sending[receiver];
        sending.turn += 1;
        sending.state = SendState::Connecting;
        sending.resumption.begin(self.now);
        let turn = sending.turn;
        let there = &self.receivers[receiver];
        let answers = !there.is_down && !there.is_stopped && there.port == sending.port;
        let dark = there.dark_until.saturating_sub(self.now);
        let refused = Some(EndReason::Unreachable("refused".into()));
        let trip = self.rng.millis(self.plan.receivers[receiver].delay.clone()) * 4;
        let sending = &mut self.distributor_side.sending[receiver];
        let fails = !sending.failed_at_random && self.rng.percent(self.plan.receivers[receiver].flaky);
        sending.failed_at_random = fails;
        if dark > DIAL_LIMIT || (fails && self.rng.percent(50)) {
            self.push(DIAL_LIMIT, Event::Dialed(receiver, turn, Some(EndReason::Unreachable("timeout".into()))));
        } else {
            self.push(dark + trip, Event::Dialed(receiver, turn, refused.filter(|_| fails || !answers)));
        }
    }

    pub(crate) fn dialed(&mut self, receiver: usize, turn: u32, failed: Option<EndReason>) {
        let sending = &mut self.distributor_side.sending[receiver];
        if sending.turn != turn || sending.state != SendState::Connecting {
            return;
        }
        let there = &self.receivers[receiver];
        let is_there = !there.is_down && !there.is_stopped && there.dark_until <= self.now;
        let failed = failed.or_else(|| (!is_there).then(|| EndReason::Unreachable("gone".into())));
        if let Some(reason) = failed {
            return self.attempted(receiver, Err(reason));
        }
        let c = self.connect(receiver);
        self.distributor_side.sending[receiver].state = SendState::Live(c);
        self.note(|_| format!("receiver {receiver} #{c} connected"));
        self.pump(c, DISTRIBUTOR);
        self.pump(c, RECEIVER);
    }

    /// The connection is closed on this side, or was never established.
    pub(crate) fn attempted(&mut self, receiver: usize, result: Result<(), EndReason>) {
        self.note(|_| format!("receiver {receiver} attempt ended: {result:?}"));
        let sending = &mut self.distributor_side.sending[receiver];
        let reason = match &result {
            Err(reason @ (EndReason::Lost | EndReason::Unreachable(_))) if sending.is_cancelled => {
                self.note(|_| format!("cancelled after {reason}"));
                return self.done(receiver, Err(EndReason::Cancelled { by_distributor: true }));
            }
            Err(reason) => reason,
            Ok(()) => return self.done(receiver, result),
        };
        match sending.resumption.retry(reason, true, self.now) {
            Some(pause) => {
                sending.state = SendState::Pausing;
                let turn = sending.turn;
                self.push(pause, Event::Redial(receiver, turn));
            }
            None => self.done(receiver, result),
        }
    }

    fn done(&mut self, receiver: usize, result: Result<(), EndReason>) {
        self.distributor_side.sending[receiver].state = SendState::Done(result);
        self.distributor_side.live -= 1;
        self.dial_queued();
    }

    pub(crate) fn redial(&mut self, receiver: usize, turn: u32) {
        let sending = &self.distributor_side.sending[receiver];
        if sending.turn == turn && sending.state == SendState::Pausing {
            self.dial(receiver);
        }
    }

    pub(crate) fn cancel_sending(&mut self, receiver: usize) {
        let cancelled = Err(EndReason::Cancelled { by_distributor: true });
        let sending = &mut self.distributor_side.sending[receiver];
        sending.is_cancelled = true;
        match sending.state {
            SendState::Unfound | SendState::Queued => {
                sending.state = SendState::Done(cancelled);
                self.distributor_side.queue.retain(|queued| *queued != receiver);
            }
            SendState::Connecting | SendState::Pausing => self.done(receiver, cancelled),
            SendState::Live(c) => self.pump(c, DISTRIBUTOR),
            SendState::Done(_) => {}
        }
    }

    /// The distributor crashes. It keeps only its key, its data and its history.
    pub(crate) fn crash_distributor(&mut self, down: Duration, is_polite: bool) {
        self.note(|_| "distributor is killed".into());
        self.distributor_side.is_down = true;
        (self.distributor_side.live, self.distributor_side.queue) = (0, VecDeque::new());
        for sending in &mut self.distributor_side.sending {
            sending.turn += 1;
            let is_kept = sending.state == SendState::Done(Ok(())) || sending.is_cancelled;
            if sending.is_cancelled && !matches!(sending.state, SendState::Done(_)) {
                sending.state = SendState::Done(Err(EndReason::Cancelled { by_distributor: true }));
            } else if !is_kept {
                sending.state = SendState::Unfound;
            }
        }
        for c in 0..self.conns.len() {
            self.kill_end(c, DISTRIBUTOR, is_polite);
        }
        self.push(down, Event::DistributorUp);
    }

    /// The distributor starts again and selects every discovered receiver that has not saved.
    pub(crate) fn distributor_up(&mut self) {
        self.distributor_side.is_down = false;
        for receiver in 0..self.receivers.len() {
            self.push(Duration::ZERO, Event::Announce(receiver, self.receivers[receiver].port));
        }
    }
}
