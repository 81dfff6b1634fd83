//! The world: virtual time, what is due when, and everything there is.

use std::cell::RefCell;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use fieldcast_wire::EndReason;

use super::conn::Conn;
use super::distributor_side::DistributorSide;
use super::phone::Phone;
use super::rng::Rng;
use super::schedule::{Fault, Schedule};

/// Which end of a connection: 0 is the distributor's, 1 the receiver's.
pub(crate) type Side = usize;
pub(crate) const DESK: Side = 0;
pub(crate) const PHONE: Side = 1;

/// Longer than any schedule may take, with eight receivers one after the other.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// More than any schedule needs; a machine that spins gets there.
const MOST_EVENTS: u64 = 40_000;

/// What the engine does where the machines leave it the choice.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// A new connection from the distributor that is being served ends the old one, or waits while that applies. Without,
    /// it is told `Busy`, and a receiver that has not noticed a cut yet is lost for good.
    pub(crate) takes_over: bool,
    /// The yes outlives the apply, so that a lost `Saved` does not lead to a second question.
    pub(crate) keeps_consent: bool,
    /// The time to resume counts from when the connection was given up. Without, a distributor that has waited 60 s in
    /// vain for a receiver that applies does not call it again even once.
    pub(crate) resumes_from_loss: bool,
    /// An exchange keeps its place until what it applies is in. Without, another one plans with chunks that the first
    /// discards.
    pub(crate) holds_place_while_applying: bool,
}

impl Policy {
    /// The engine as it first was.
    pub(crate) const NAIVE: Self =
        Self { takes_over: false, keeps_consent: false, resumes_from_loss: false, holds_place_while_applying: false };
    /// The engine as it is: every schedule ends well.
    pub(crate) const ENGINE: Self =
        Self { takes_over: true, keeps_consent: true, resumes_from_loss: true, holds_place_while_applying: true };
}

#[derive(Debug)]
pub(crate) enum Event {
    /// A frame of this side is in the socket; a frame of it reaches the other side.
    Written(usize, Side),
    Arrive(usize, Side),
    /// This side learns that the connection is gone.
    Learn(usize, Side),
    LastWords(usize, Side),
    Timer(usize, Side),
    /// What this side's driver waited for is there.
    Resume(usize, Side),
    Answer(usize),
    /// The distributor's person says that the codes agree.
    Confirm(usize),
    BatchDue(usize, u32),
    Committed(usize),
    ApplyStep(usize),
    /// The receiver announces itself; the distributor hears that it listens at a port.
    Announce(usize, u32),
    Sighted(usize, u32),
    Called(usize, u32, Option<EndReason>),
    Redial(usize, u32),
    Fault(usize, Fault),
    PhoneUp(usize),
    DeskUp,
    RivalLeaves(usize),
}

struct Due(Duration, u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.1 == other.1
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.0, other.1).cmp(&(self.0, self.1)) // the earliest is the greatest
    }
}

/// The last events in words, or all of them printed; `None` while nobody wants to read.
pub(crate) type Trace = Option<Rc<RefCell<Vec<String>>>>;

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) plan: Schedule,
    pub(crate) policy: Policy,
    pub(crate) rng: Rng,
    pub(crate) distributor_side: DistributorSide,
    pub(crate) phones: Vec<Phone>,
    pub(crate) conns: Vec<Conn>,
    due: BinaryHeap<Due>,
    events: u64,
    trace: Trace,
}

impl World {
    pub(crate) fn new(seed: u64, policy: Policy, trace: Trace) -> Self {
        let plan = Schedule::random(seed);
        let mut rng = Rng::new(!seed);
        let phones: Vec<_> = plan.phones.iter().map(|phone| Phone::new(phone, &plan.bundle, &mut rng)).collect();
        let distributor_side = DistributorSide::new(plan.bundle.offer(), phones.len());
        let (conns, due, now) = (Vec::new(), BinaryHeap::new(), Duration::ZERO);
        let mut this = Self { now, plan, policy, rng, distributor_side, phones, conns, due, events: 0, trace };
        for phone in 0..this.phones.len() {
            this.push(this.plan.phones[phone].appears, Event::Announce(phone, 0));
        }
        for (at, phone, fault) in std::mem::take(&mut this.plan.faults) {
            this.push(at, Event::Fault(phone, fault));
        }
        this
    }

    /// Runs to the end of everything; panics at the first thing that must not be.
    pub(crate) fn run(&mut self) {
        self.note(|this| format!("{:?}", this.plan.phones));
        while let Some(Due(at, _, event)) = self.due.pop() {
            assert!(at < LONGEST && self.events < MOST_EVENTS, "it never ends");
            self.now = at;
            self.handle(event);
        }
        self.check_end();
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Something happens after a while.
    pub(crate) fn push(&mut self, after: Duration, event: Event) {
        self.events += 1;
        self.due.push(Due(self.now + after, self.events, event));
    }

    pub(crate) fn push_in(&mut self, millis: std::ops::Range<u64>, event: Event) {
        let after = self.rng.millis(millis);
        self.push(after, event);
    }

    pub(crate) fn note(&self, words: impl FnOnce(&Self) -> String) {
        if let Some(trace) = &self.trace {
            let line = format!("{:>9.3} {}", self.now.as_secs_f64(), words(self));
            trace.borrow_mut().push(line);
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Written(c, side) => self.written(c, side),
            Event::Arrive(c, side) => self.arrive(c, side),
            Event::Learn(c, side) => self.learn(c, side),
            Event::LastWords(c, side) => self.finish(c, side),
            Event::Timer(c, side) => self.timer(c, side),
            Event::Resume(c, side) => self.resume(c, side),
            Event::Answer(c) => self.answered(c),
            Event::Confirm(c) => self.confirmed(c),
            Event::BatchDue(c, batch) => self.batch_due(c, batch),
            Event::Committed(c) => self.committed(c),
            Event::ApplyStep(c) => self.apply_step(c),
            Event::Announce(phone, count) => self.announce(phone, count),
            Event::Sighted(phone, port) => self.sighted(phone, port),
            Event::Called(phone, turn, failed) => self.called(phone, turn, failed),
            Event::Redial(phone, turn) => self.redial(phone, turn),
            Event::Fault(phone, fault) => self.fault(phone, fault),
            Event::PhoneUp(phone) => self.phone_up(phone),
            Event::DeskUp => self.desk_up(),
            Event::RivalLeaves(phone) => self.rival_leaves(phone),
        }
    }
}
