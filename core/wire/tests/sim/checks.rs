//! The checks after every step, and at the end.

use std::time::Duration;

use fieldcast_wire::{ComparisonResult, EndReason, ExchangeState, Held, Limits, MAX_UNSTAGED, SavedSnapshot};

use super::conn::Stage;
use super::data::{Chunk, Version, digest};
use super::distributor_side::SendState;
use super::schedule::ExpectedEnd;
use super::world::{DISTRIBUTOR, Side, World};

/// How long this side may work before it answers; the machines count no limit then.
const SLACK: Duration = Duration::from_secs(12);

impl World {
    /// No wait exceeds its limit: neither the silence of the peer nor a state with a limit.
    pub(crate) fn check_waits(&self, c: usize, side: Side) {
        use ExchangeState as S;
        let (conn, limits) = (&self.conns[c], Limits::default());
        let current = self.state(c, side);
        let (silence, state) = match current {
            S::Greeting => (Some(limits.silence), Some(limits.greeting)),
            S::Asking | S::Confirming => (Some(limits.silence), Some(limits.asking)),
            S::Applying if side == DISTRIBUTOR => (Some(limits.silence_applying), None),
            S::Applying => (None, None),
            _ => (Some(limits.silence), None),
        };
        let end = &conn.ends[side];
        let outlives = |since: Duration, limit: Option<Duration>| limit.is_some_and(|it| self.now > since + it + SLACK);
        assert!(
            !outlives(end.last_received.max(end.entered), silence),
            "#{c} side {side} exceeds the silence limit: {current:?}"
        );
        assert!(!outlives(end.entered, state), "#{c} side {side} exceeds the limit of its state: {current:?}");
    }

    fn state(&self, c: usize, side: Side) -> &ExchangeState {
        let conn = &self.conns[c];
        if side == DISTRIBUTOR { conn.distributor_side.state() } else { conn.receiver_side.state() }
    }

    /// An interruption loses only data that is not committed yet, wherever that data is.
    pub(crate) fn check_loss(&self, c: usize) {
        let conn = &self.conns[c];
        let staged = &self.receivers[conn.receiver].disk.staged;
        let lost = |of: &[Chunk]| -> u64 {
            of.iter().filter(|chunk| !staged.contains_key(&chunk.name)).map(|chunk| u64::from(chunk.bytes)).sum()
        };
        let (taken, sent) = (lost(&conn.taken), lost(&conn.sent));
        assert!(taken.max(sent) <= MAX_UNSTAGED, "{taken} bytes will arrive twice, {sent} will be sent twice");
    }

    /// No event is left: every exchange has ended, and with the best possible result.
    pub(crate) fn check_end(&self) {
        let gone = |stage: Stage| stage == Stage::Gone;
        let open = self.conns.iter().position(|conn| !conn.ends.iter().all(|end| gone(end.stage)));
        assert_eq!(open, None, "a connection was left open");
        let cancelled = |by_distributor| EndReason::Cancelled { by_distributor };
        for (index, (receiver, plan)) in self.receivers.iter().zip(&self.plan.receivers).enumerate() {
            let outcome = self.outcome(index);
            let reasons: Vec<_> = receiver.ends.iter().flatten().collect();
            let is_lost = matches!(outcome, None | Some(Err(EndReason::Lost | EndReason::Unreachable(_))));
            let is_saved = matches!(outcome, Some(Ok(())));
            let (told, ended) = (|reason| reasons.contains(&&reason), |reason| outcome == Some(&Err(reason)));
            // A cancel cannot be reported while the connection is lost.
            let last_is = |reason| match receiver.ends.last() {
                None | Some(None | Some(EndReason::Lost)) => true,
                Some(Some(last)) => *last == reason,
            };
            let is_right = match plan.expected_end {
                ExpectedEnd::None => is_saved && receiver.disk.is_saved() && receiver.ends.contains(&None),
                ExpectedEnd::Declines => ended(EndReason::Declined) && told(EndReason::Declined),
                // Losses before consent extend the time only a few times.
                ExpectedEnd::NeverAnswers => {
                    ended(EndReason::NotAnswered)
                        && (told(EndReason::NotAnswered) || told(EndReason::Lost) || receiver.port > 0)
                        || ended(EndReason::Lost) && told(EndReason::Lost)
                }
                ExpectedEnd::CancelledByDistributor => is_saved || (ended(cancelled(true)) && last_is(cancelled(true))),
                ExpectedEnd::CancelledByReceiver => {
                    is_saved || ((is_lost || ended(cancelled(false))) && last_is(cancelled(false)))
                }
                ExpectedEnd::Busy => is_saved || (ended(EndReason::Busy) && told(EndReason::Busy)),
                ExpectedEnd::Unreliable => is_saved || outcome.is_some() || receiver.is_down,
                ExpectedEnd::Misbehaves => outcome.is_some(),
            };
            assert!(
                is_right,
                "receiver {index} {:?} ended {outcome:?}, on its own screen {:?}",
                plan.expected_end, receiver.ends
            );
            assert!(!is_saved || receiver.is_misbehaving || receiver.disk.is_saved(), "receiver {index} is not saved");
        }
    }

    /// How sending to this receiver ended; `None` if it was not found again after the distributor's crash.
    fn outcome(&self, receiver: usize) -> Option<&Result<(), EndReason>> {
        match &self.distributor_side.sending[receiver].state {
            SendState::Done(result) => Some(result),
            SendState::Unfound if self.plan.receivers[receiver].expected_end != ExpectedEnd::None => None,
            state => panic!("receiver {receiver}: no event is left, but its state is {state:?}"),
        }
    }

    /// The "saved" on the distributor's screen matches the receiver's disk.
    pub(crate) fn check_saved(&self, receiver: usize, saved: &[SavedSnapshot]) {
        let receiver = &self.receivers[receiver];
        let is_true = |(d, (saved, held)): (usize, (&SavedSnapshot, &Held))| match saved.comparison {
            ComparisonResult::Equal => held.digest == digest(d, Version::Offered),
            ComparisonResult::KeptNewer { .. } => held.digest == saved.digest,
            ComparisonResult::Ahead { as_of } | ComparisonResult::Conflict { as_of, .. } => held.as_of == as_of,
        };
        let are_true = saved.iter().zip(&receiver.disk.held()).enumerate().all(is_true);
        assert!(
            receiver.is_misbehaving || (are_true && receiver.disk.is_saved()),
            "{saved:?}, but {:?}",
            receiver.disk.versions
        );
    }
}
