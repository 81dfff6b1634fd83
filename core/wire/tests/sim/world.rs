//! The simulated world: virtual time, pending events, and all devices.

use std::cell::RefCell;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::time::Duration;

use fieldcast_wire::EndReason;

use super::conn::Conn;
use super::distributor_side::DistributorSide;
use super::receiver_device::{Outcome, ReceiverDevice};
use super::rng::Rng;
use super::schedule::{Fault, Schedule};

/// The end of a connection: 0 is the distributor's, 1 the receiver's.
pub(crate) type Side = usize;
pub(crate) const DISTRIBUTOR: Side = 0;
pub(crate) const RECEIVER: Side = 1;

/// Longer than any schedule, including eight receivers one after another.
const LONGEST: Duration = Duration::from_secs(4 * 3600);
/// More than any schedule needs. A machine that loops reaches this number.
const MOST_EVENTS: u64 = 40_000;

#[derive(Debug)]
pub(crate) enum Event {
    /// A frame of this side is in the socket; a frame of this side reaches the other side.
    Written(usize, Side),
    Arrive(usize, Side),
    /// This side notices that the connection is lost.
    LossNoticed(usize, Side),
    CloseDone(usize, Side),
    Timer(usize, Side),
    /// The distributor has checked the receiver's credentials; it has the manifest.
    Authorized(usize),
    Planned(usize),
    /// The receiver has what it waited for.
    Worked(usize, Outcome),
    Answer(usize),
    /// The distributor's user confirms that the codes match.
    Confirm(usize),
    BatchDue(usize, u32),
    Committed(usize),
    ApplyStep(usize),
    /// The receiver announces itself; the distributor learns its port.
    Announce(usize, u32),
    Discovered(usize, u32),
    Dialed(usize, u32, Option<EndReason>),
    Redial(usize, u32),
    Fault(usize, Fault),
    ReceiverUp(usize),
    DistributorUp,
    OtherDistributorLeaves(usize),
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
        (other.0, other.1).cmp(&(self.0, self.1)) // the earliest event comes first
    }
}

/// The last events as text, or all of them printed; `None` if no output is needed.
pub(crate) type Trace = Option<Rc<RefCell<Vec<String>>>>;

pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) plan: Schedule,
    pub(crate) rng: Rng,
    pub(crate) distributor_side: DistributorSide,
    pub(crate) receivers: Vec<ReceiverDevice>,
    pub(crate) conns: Vec<Conn>,
    due: BinaryHeap<Due>,
    events: u64,
    trace: Trace,
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace) -> Self {
        let plan = Schedule::random(seed);
        let mut rng = Rng::new(!seed);
        let receivers: Vec<_> =
            plan.receivers.iter().map(|receiver| ReceiverDevice::new(receiver, &plan.bundle, &mut rng)).collect();
        let distributor_side = DistributorSide::new(plan.bundle.offer(), receivers.len());
        let (conns, due, now) = (Vec::new(), BinaryHeap::new(), Duration::ZERO);
        let mut this = Self { now, plan, rng, distributor_side, receivers, conns, due, events: 0, trace };
        for receiver in 0..this.receivers.len() {
            this.push(this.plan.receivers[receiver].appears, Event::Announce(receiver, 0));
        }
        for (at, receiver, fault) in std::mem::take(&mut this.plan.faults) {
            this.push(at, Event::Fault(receiver, fault));
        }
        this
    }

    /// Runs all events. Panics at the first violation.
    pub(crate) fn run(&mut self) {
        self.note(|this| format!("{:?}", this.plan.receivers));
        while let Some(Due(at, _, event)) = self.due.pop() {
            assert!(at < LONGEST && self.events < MOST_EVENTS, "the schedule never ends");
            self.now = at;
            self.handle(event);
        }
        self.check_end();
    }

    pub(crate) fn events(&self) -> u64 {
        self.events
    }

    /// Schedules an event after this delay.
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
            Event::LossNoticed(c, side) => self.notice_loss(c, side),
            Event::CloseDone(c, side) => self.finish(c, side),
            Event::Timer(c, side) => self.timer(c, side),
            Event::Authorized(c) => self.authorized(c),
            Event::Planned(c) => self.planned(c),
            Event::Worked(c, outcome) => self.worked(c, outcome),
            Event::Answer(c) => self.answered(c),
            Event::Confirm(c) => self.confirmed(c),
            Event::BatchDue(c, batch) => self.batch_due(c, batch),
            Event::Committed(c) => self.committed(c),
            Event::ApplyStep(c) => self.apply_step(c),
            Event::Announce(receiver, count) => self.announce(receiver, count),
            Event::Discovered(receiver, port) => self.discovered(receiver, port),
            Event::Dialed(receiver, turn, failed) => self.dialed(receiver, turn, failed),
            Event::Redial(receiver, turn) => self.redial(receiver, turn),
            Event::Fault(receiver, fault) => self.fault(receiver, fault),
            Event::ReceiverUp(receiver) => self.receiver_up(receiver),
            Event::DistributorUp => self.distributor_up(),
            Event::OtherDistributorLeaves(receiver) => self.other_distributor_leaves(receiver),
        }
    }
}
