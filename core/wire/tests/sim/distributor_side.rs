//! The distributor as the engine drives it: `offer/send.rs`, one `Sending` for each picked receiver.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast_wire::{EndReason, Offer};

use super::world::{DESK, Event, PHONE, World};

const CALL_LIMIT: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
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
    /// Tells this call or pause from earlier ones.
    turn: u32,
    /// Where the receiver is believed to listen.
    port: u32,
    pause: Duration,
    pub(crate) last_contact: Duration,
    /// Whether something was staged on this connection.
    pub(crate) has_progress: bool,
    pub(crate) is_cancelled: bool,
    /// Whether the last call failed by bad luck; never two in a row.
    was_unlucky: bool,
}

pub(crate) struct DistributorSide {
    pub(crate) offer: Offer,
    pub(crate) sending: Vec<Sending>,
    live: usize,
    queue: VecDeque<usize>,
    pub(crate) is_down: bool,
}

impl DistributorSide {
    pub(crate) fn new(offer: Offer, phones: usize) -> Self {
        let sending = || Sending {
            state: SendState::Unfound,
            turn: 0,
            port: 0,
            pause: FIRST_PAUSE,
            last_contact: Duration::ZERO,
            has_progress: false,
            is_cancelled: false,
            was_unlucky: false,
        };
        let sending = (0..phones).map(|_| sending()).collect();
        Self { offer, sending, live: 0, queue: VecDeque::new(), is_down: false }
    }
}

impl World {
    /// A sighting came through: the address is noted, and a receiver never seen before is picked.
    pub(crate) fn sighted(&mut self, phone: usize, port: u32) {
        if self.distributor_side.is_down {
            return;
        }
        let sending = &mut self.distributor_side.sending[phone];
        sending.port = port;
        if sending.state == SendState::Unfound {
            sending.state = SendState::Queued;
            self.distributor_side.queue.push_back(phone);
            self.admit();
        }
    }

    fn admit(&mut self) {
        while self.distributor_side.live < self.plan.max_live
            && let Some(phone) = self.distributor_side.queue.pop_front()
        {
            self.distributor_side.live += 1;
            let sending = &mut self.distributor_side.sending[phone];
            (sending.last_contact, sending.pause) = (self.now, FIRST_PAUSE);
            self.call(phone);
        }
    }

    fn call(&mut self, phone: usize) {
        let sending = &mut self.distributor_side.sending[phone];
        sending.turn += 1;
        (sending.state, sending.has_progress) = (SendState::Connecting, false);
        let turn = sending.turn;
        let there = &self.phones[phone];
        let answers = !there.is_down && !there.is_stopped && there.port == sending.port;
        let dark = there.dark_until.saturating_sub(self.now);
        let refused = Some(EndReason::Unreachable("refused".into()));
        let trip = self.rng.millis(self.plan.phones[phone].delay.clone()) * 4;
        let sending = &mut self.distributor_side.sending[phone];
        let fails = !sending.was_unlucky && self.rng.percent(self.plan.phones[phone].flaky);
        sending.was_unlucky = fails;
        if dark > CALL_LIMIT || (fails && self.rng.percent(50)) {
            self.push(CALL_LIMIT, Event::Called(phone, turn, Some(EndReason::Unreachable("timeout".into()))));
        } else {
            self.push(dark + trip, Event::Called(phone, turn, refused.filter(|_| fails || !answers)));
        }
    }

    pub(crate) fn called(&mut self, phone: usize, turn: u32, failed: Option<EndReason>) {
        let sending = &mut self.distributor_side.sending[phone];
        if sending.turn != turn || sending.state != SendState::Connecting {
            return;
        }
        let there = &self.phones[phone];
        let is_there = !there.is_down && !there.is_stopped && there.dark_until <= self.now;
        let failed = failed.or_else(|| (!is_there).then(|| EndReason::Unreachable("gone".into())));
        if let Some(reason) = failed {
            return self.attempted(phone, Err(reason));
        }
        sending.last_contact = self.now;
        let c = self.connect(phone);
        self.distributor_side.sending[phone].state = SendState::Live(c);
        self.note(|_| format!("phone {phone} #{c} connected"));
        self.pump(c, DESK);
        self.pump(c, PHONE);
    }

    /// The connection is closed on this side, or was never made.
    pub(crate) fn attempted(&mut self, phone: usize, result: Result<(), EndReason>) {
        self.note(|_| format!("phone {phone} attempt ended: {result:?}"));
        let sending = &mut self.distributor_side.sending[phone];
        let is_over = self.now - sending.last_contact >= RESUME_FOR;
        match result {
            Err(EndReason::Lost | EndReason::Unreachable(_)) if sending.is_cancelled => {
                self.done(phone, Err(EndReason::Cancelled { by_distributor: true }));
            }
            Err(EndReason::Lost | EndReason::Unreachable(_)) if !is_over => {
                sending.pause = if sending.has_progress { FIRST_PAUSE } else { LONGEST_PAUSE.min(sending.pause * 2) };
                sending.state = SendState::Pausing;
                let (pause, turn) = (sending.pause, sending.turn);
                self.push(pause, Event::Redial(phone, turn));
            }
            result => self.done(phone, result),
        }
    }

    fn done(&mut self, phone: usize, result: Result<(), EndReason>) {
        self.distributor_side.sending[phone].state = SendState::Done(result);
        self.distributor_side.live -= 1;
        self.admit();
    }

    pub(crate) fn redial(&mut self, phone: usize, turn: u32) {
        let sending = &self.distributor_side.sending[phone];
        if sending.turn == turn && sending.state == SendState::Pausing {
            self.call(phone);
        }
    }

    pub(crate) fn cancel_sending(&mut self, phone: usize) {
        let cancelled = Err(EndReason::Cancelled { by_distributor: true });
        let sending = &mut self.distributor_side.sending[phone];
        sending.is_cancelled = true;
        match sending.state {
            SendState::Unfound | SendState::Queued => {
                sending.state = SendState::Done(cancelled);
                self.distributor_side.queue.retain(|queued| *queued != phone);
            }
            SendState::Connecting | SendState::Pausing => self.done(phone, cancelled),
            SendState::Live(c) => self.pump(c, DESK),
            SendState::Done(_) => {}
        }
    }

    /// Killed: everything it knew is gone but its key, its data and its history.
    pub(crate) fn crash_desk(&mut self, down: Duration, is_polite: bool) {
        self.note(|_| "desk is killed".into());
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
            self.kill_end(c, DESK, is_polite);
        }
        self.push(down, Event::DeskUp);
    }

    /// Started again: it picks everyone it sees who has not saved.
    pub(crate) fn desk_up(&mut self) {
        self.distributor_side.is_down = false;
        for phone in 0..self.phones.len() {
            self.push(Duration::ZERO, Event::Announce(phone, self.phones[phone].port));
        }
    }
}
