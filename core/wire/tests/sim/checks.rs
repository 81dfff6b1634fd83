//! What must be true at every step, and when all is over.

use std::time::Duration;

use fieldcast_wire::{ComparisonResult, EndReason, Held, Limits, MAX_UNSTAGED, SavedSnapshot};

use super::conn::Stage;
use super::data::{Chunk, Version, digest};
use super::distributor_side::SendState;
use super::schedule::Doom;
use super::world::{DESK, PHONE, Side, World};

/// How long a driver may hold its machine up before that counts as the machine's delay.
const SLACK: Duration = Duration::from_secs(12);

impl World {
    /// No wait is longer than it may be: neither for a sign of life nor for what has a limit of its own.
    pub(crate) fn check_waits(&self, c: usize, side: Side) {
        use fieldcast_wire::{DistributorState as D, ReceiverState as R};
        let (conn, limits) = (&self.conns[c], Limits::default());
        let (silence, state) = match (side, conn.distributor_side.state(), conn.hand.state()) {
            (DESK, D::Greeting, _) | (PHONE, _, R::Greeting) => (Some(limits.silence), Some(limits.greeting)),
            (DESK, D::Asking | D::Confirming, _) | (PHONE, _, R::Asking) => (Some(limits.silence), Some(limits.asking)),
            (DESK, D::Applying, _) => (Some(limits.silence_applying), None),
            (PHONE, _, R::Applying) => (None, None),
            _ => (Some(limits.silence), None),
        };
        let end = &conn.ends[side];
        let outlives = |since: Duration, limit: Option<Duration>| limit.is_some_and(|it| self.now > since + it + SLACK);
        let states = (conn.distributor_side.state(), conn.hand.state());
        assert!(!outlives(end.heard.max(end.entered), silence), "#{c} side {side} outlives the silence: {states:?}");
        assert!(!outlives(end.entered, state), "#{c} side {side} outlives its state: {states:?}");
    }

    /// An interruption costs what is not committed yet, wherever it waits.
    pub(crate) fn check_loss(&self, c: usize) {
        let conn = &self.conns[c];
        let staged = &self.phones[conn.phone].disk.staged;
        let lost = |of: &[Chunk]| -> u64 {
            of.iter().filter(|chunk| !staged.contains_key(&chunk.name)).map(|chunk| u64::from(chunk.bytes)).sum()
        };
        let (taken, sent) = (lost(&conn.taken), lost(&conn.sent));
        assert!(taken.max(sent) <= MAX_UNSTAGED, "{taken} bytes will arrive twice, {sent} will be sent twice");
    }

    /// Nothing is due any more: everybody is done, and as well as can be.
    pub(crate) fn check_end(&self) {
        let gone = |stage: Stage| stage == Stage::Gone;
        let open = self.conns.iter().position(|conn| !conn.ends.iter().all(|end| gone(end.stage)));
        assert_eq!(open, None, "a connection was left open");
        let cancelled = |by_distributor| EndReason::Cancelled { by_distributor };
        for (index, (phone, plan)) in self.phones.iter().zip(&self.plan.phones).enumerate() {
            let outcome = self.outcome(index);
            let reasons: Vec<_> = phone.ends.iter().flatten().collect();
            let is_lost = matches!(outcome, None | Some(Err(EndReason::Lost | EndReason::Unreachable(_))));
            let is_saved = matches!(outcome, Some(Ok(())));
            let (told, ended) = (|reason| reasons.contains(&&reason), |reason| outcome == Some(&Err(reason)));
            // A cancel that comes while the connection is gone cannot be told.
            let last_is = |reason| match phone.ends.last() {
                None | Some(None | Some(EndReason::Lost)) => true,
                Some(Some(last)) => *last == reason,
            };
            let is_right = match plan.doom {
                Doom::None => is_saved && phone.disk.is_saved() && phone.ends.contains(&None),
                Doom::Declines => ended(EndReason::Declined) && told(EndReason::Declined),
                Doom::NeverAnswers => {
                    ended(EndReason::NotAnswered)
                        && (told(EndReason::NotAnswered) || told(EndReason::Lost) || phone.port > 0)
                }
                Doom::CancelledByDesk => is_saved || (ended(cancelled(true)) && last_is(cancelled(true))),
                Doom::CancelledByPhone => {
                    is_saved || ((is_lost || ended(cancelled(false))) && last_is(cancelled(false)))
                }
                Doom::Busy => is_saved || (ended(EndReason::Busy) && told(EndReason::Busy)),
                Doom::Hopeless => is_saved || outcome.is_some() || phone.is_down,
                Doom::Misbehaves => outcome.is_some(),
            };
            assert!(is_right, "phone {index} {:?} ended {outcome:?}, by its own screen {:?}", plan.doom, phone.ends);
            assert!(!is_saved || phone.is_liar || phone.disk.is_saved(), "phone {index} is not saved");
        }
    }

    /// How sending to it ended; `None` if it was not found again after the distributor's crash.
    fn outcome(&self, phone: usize) -> Option<&Result<(), EndReason>> {
        match &self.distributor_side.sending[phone].state {
            SendState::Done(result) => Some(result),
            SendState::Unfound if self.plan.phones[phone].doom != Doom::None => None,
            state => panic!("phone {phone}: nothing is due, yet it is {state:?}"),
        }
    }

    /// "Saved" on the distributor's screen is what the receiver's disk says.
    pub(crate) fn check_saved(&self, phone: usize, saved: &[SavedSnapshot]) {
        let phone = &self.phones[phone];
        let is_true = |(d, (saved, held)): (usize, (&SavedSnapshot, &Held))| match saved.comparison {
            ComparisonResult::Equal => held.digest == digest(d, Version::Offered),
            ComparisonResult::KeptNewer { .. } => held.digest == saved.digest,
            ComparisonResult::Ahead { as_of } | ComparisonResult::Conflict { as_of, .. } => held.as_of == as_of,
        };
        let are_true = saved.iter().zip(&phone.disk.held()).enumerate().all(is_true);
        assert!(phone.is_liar || (are_true && phone.disk.is_saved()), "{saved:?}, but {:?}", phone.disk.versions);
    }
}
