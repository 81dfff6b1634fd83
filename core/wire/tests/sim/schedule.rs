//! The schedule of a seed: the receivers, the quality of their links, and the faults with their times.

use std::ops::Range;
use std::time::Duration;

use super::data::{Bundle, Start};
use super::rng::Rng;

/// How the receiver's user answers the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UserAnswer {
    Yes,
    No,
    Never,
}

/// A fault. It is permanent only if `down` is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Connections break. Each side notices after this time, or never (half-open connection).
    Cut { notice_loss: [Option<Duration>; 2] },
    /// Nothing is delivered during this time, and new connections fail.
    Dark { lasts: Duration },
    /// The receiver is killed. `polite`: its operating system closes the connections.
    Crash { down: Option<Duration>, polite: bool },
    /// The distributor is killed and started again.
    CrashDistributor { down: Duration, polite: bool },
    /// The distributor's user cancels sending to this receiver.
    CancelByDistributor,
    /// The receiver's user closes the session.
    CancelByReceiver,
    /// Another distributor is served.
    OtherDistributor { lasts: Duration },
    /// One side sends an unexpected frame. `by` 0 is the distributor.
    SendUnexpected { by: usize },
}

/// The moments at which a fault does most damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Receiving,
    Applying,
    Saved,
}

/// The allowed end of a receiver's exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedEnd {
    /// Saved: no permanent fault happens.
    None,
    Declines,
    NeverAnswers,
    /// It crashes, or has so many faults that any end is allowed; only its reports must be true.
    Unreliable,
    CancelledByDistributor,
    CancelledByReceiver,
    Busy,
    Misbehaves,
}

#[derive(Debug)]
pub(crate) struct ReceiverPlan {
    pub(crate) user_answer: UserAnswer,
    pub(crate) answers_in: Range<u64>,
    /// How long the distributor's user takes to compare the codes; zero if the key is trusted.
    pub(crate) compares_in: Range<u64>,
    pub(crate) starts: Vec<Start>,
    /// Bytes per second and delay in ms, in each direction.
    pub(crate) rate: u64,
    pub(crate) delay: Range<u64>,
    /// Percentage of connection attempts that fail although the receiver is available.
    pub(crate) flaky: u64,
    /// Duration of one flush, in ms.
    pub(crate) disk: Range<u64>,
    /// Duration of one transaction, in ms.
    pub(crate) apply: Range<u64>,
    pub(crate) appears: Duration,
    pub(crate) expected_end: ExpectedEnd,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) bundle: Bundle,
    pub(crate) max_live: usize,
    pub(crate) receivers: Vec<ReceiverPlan>,
    /// Time, receiver and fault.
    pub(crate) faults: Vec<(Duration, usize, Fault)>,
    /// As `faults`, but each fault happens once, this long after the receiver's exchange has reached a moment.
    pub(crate) faults_at_moments: Vec<(Moment, Duration, usize, Fault)>,
    /// Whether every message is encoded and decoded.
    pub(crate) encoded: bool,
}

impl Schedule {
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let bundle = Bundle::random(&mut rng);
        let count = rng.pick(&[1, 1, 1, 2, 2, 3, 4, 8]);
        let max_live = rng.pick(&[1, 2, 8, 8, 8]);
        let receivers: Vec<_> = (0..count).map(|_| receiver(&mut rng, &bundle)).collect();
        let mut this = Self {
            bundle,
            max_live,
            receivers,
            faults: vec![],
            faults_at_moments: vec![],
            encoded: seed.is_multiple_of(8),
        };
        let mut outages = Vec::new();
        if rng.percent(15) {
            let at = rng.millis(500..this.span(0));
            let down = rng.millis(200..10_000);
            outages.push((at, at + down));
            this.faults.push((at, 0, Fault::CrashDistributor { down, polite: rng.percent(50) }));
        }
        for index in 0..count {
            let mut own = outages.clone();
            this.plan_temporary_faults(index, &mut own, &mut rng);
            this.plan_fault_at_moment(index, own.is_empty(), &mut rng);
            this.plan_permanent_fault(index, &mut rng);
        }
        this.faults.sort_by_key(|(at, ..)| *at);
        this
    }

    /// How long the receiver's exchange takes without faults: the time span for faults.
    fn span(&self, index: usize) -> u64 {
        let receiver = &self.receivers[index];
        let sending = self.bundle.bytes() * 1000 / receiver.rate;
        receiver.answers_in.end + receiver.compares_in.end + sending + receiver.apply.end + 3_000
    }

    /// Plans temporary faults. Outages have enough time between them for announcements, so that every exchange still
    /// succeeds.
    fn plan_temporary_faults(&mut self, index: usize, outages: &mut Vec<(Duration, Duration)>, rng: &mut Rng) {
        let appears = self.receivers[index].appears;
        for _ in 0..rng.pick(&[0, 0, 1, 1, 2, 3, 6]) {
            let at = appears + rng.millis(300..self.span(index));
            let longest = rng.pick(&[2_000, 15_000]);
            let lasts = rng.millis(100..longest);
            let fault = match rng.range(0..4) {
                0 => Fault::Dark { lasts },
                1 => Fault::Crash { down: Some(lasts), polite: rng.percent(50) },
                _ => {
                    self.faults.push((at, index, cut(rng)));
                    continue;
                }
            };
            let margin = Duration::from_secs(35);
            if outages.iter().all(|(start, end)| at > *end + margin || at + lasts + margin < *start) {
                outages.push((at, at + lasts));
                self.faults.push((at, index, fault));
            }
        }
    }

    /// Plans temporary faults at the worst moments. At most one is an outage, because its time is unknown in advance.
    fn plan_fault_at_moment(&mut self, index: usize, mut may_be_out: bool, rng: &mut Rng) {
        for _ in 0..rng.pick(&[0, 0, 1, 2, 4]) {
            let moment = rng.pick(&[Moment::Receiving, Moment::Receiving, Moment::Applying, Moment::Saved]);
            let receiver = &self.receivers[index];
            let sending = self.bundle.bytes() * 1000 / receiver.rate;
            let after = match moment {
                Moment::Receiving => rng.millis(0..sending + receiver.disk.end),
                Moment::Applying => rng.millis(0..receiver.apply.end * 2),
                Moment::Saved => rng.millis(0..receiver.delay.end * 2),
            };
            let fault = if std::mem::take(&mut may_be_out) {
                Fault::Crash { down: Some(rng.millis(100..10_000)), polite: rng.percent(50) }
            } else {
                cut(rng)
            };
            self.faults_at_moments.push((moment, after, index, fault));
        }
    }

    /// Plans a permanent fault for some receivers.
    fn plan_permanent_fault(&mut self, index: usize, rng: &mut Rng) {
        let at = self.receivers[index].appears + rng.millis(0..self.span(index));
        let mut fault = |fault| self.faults.push((at, index, fault));
        let expected_end = match rng.range(0..30) {
            0 => ExpectedEnd::Declines,
            1 => ExpectedEnd::NeverAnswers,
            2 => {
                fault(Fault::Crash { down: None, polite: rng.percent(50) });
                ExpectedEnd::Unreliable
            }
            3 => {
                let chaos = |_| (at + rng.millis(0..60_000), index, Fault::Dark { lasts: rng.millis(1_000..70_000) });
                self.faults.extend((0..4).map(chaos).collect::<Vec<_>>());
                let down = Some(rng.millis(1..80_000));
                self.faults.push((at + rng.millis(0..60_000), index, Fault::Crash { down, polite: false }));
                ExpectedEnd::Unreliable
            }
            4 => {
                fault(Fault::CancelByDistributor);
                ExpectedEnd::CancelledByDistributor
            }
            5 => {
                fault(Fault::CancelByReceiver);
                ExpectedEnd::CancelledByReceiver
            }
            6 => {
                fault(Fault::OtherDistributor { lasts: rng.millis(1_000..20_000) });
                ExpectedEnd::Busy
            }
            7 | 8 => {
                (0..4).for_each(|_| {
                    let by = rng.range(0..2) as usize;
                    self.faults.push((at + rng.millis(0..10_000), index, Fault::SendUnexpected { by }));
                });
                ExpectedEnd::Misbehaves
            }
            _ => ExpectedEnd::None,
        };
        self.receivers[index].user_answer = match expected_end {
            ExpectedEnd::Declines => UserAnswer::No,
            ExpectedEnd::NeverAnswers => UserAnswer::Never,
            _ => UserAnswer::Yes,
        };
        self.receivers[index].expected_end = expected_end;
    }
}

fn cut(rng: &mut Rng) -> Fault {
    let mut notice_loss = || rng.percent(75).then(|| rng.millis(1..3_000));
    Fault::Cut { notice_loss: [notice_loss(), notice_loss()] }
}

fn receiver(rng: &mut Rng, bundle: &Bundle) -> ReceiverPlan {
    let starts = [
        Start::Nothing,
        Start::Nothing,
        Start::Nothing,
        Start::Equal,
        Start::Older,
        Start::Diverged,
        Start::Newer,
        Start::Ahead,
    ];
    let starts = bundle.whole.iter().map(|_| rng.pick(&starts)).collect();
    let appears = rng.pick(&[1, 1, 500, 30_000]);
    let (rate, flaky) = (rng.pick(&[250_000, 1_000_000, 2_000_000, 8_000_000]), rng.pick(&[0, 0, 5, 20]));
    let appears = rng.millis(0..appears);
    let mut span = |of: &[(u64, u64)]| {
        let (start, end) = rng.pick(of);
        start..end
    };
    ReceiverPlan {
        starts,
        user_answer: UserAnswer::Yes,
        compares_in: span(&[(0, 1), (0, 1), (300, 3_000), (1_000, 60_000)]),
        answers_in: span(&[(300, 3_000), (300, 3_000), (1_000, 20_000), (5_000, 100_000)]),
        rate,
        delay: span(&[(1, 5), (2, 40), (20, 300)]),
        flaky,
        disk: span(&[(5, 50), (20, 600), (100, 5_000), (5_000, 25_000)]),
        apply: span(&[(20, 500), (500, 5_000), (500, 30_000)]),
        appears,
        expected_end: ExpectedEnd::None,
    }
}
