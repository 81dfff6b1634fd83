//! What a seed means: who is there, how good their links are, and what goes wrong when.

use std::ops::Range;
use std::time::Duration;

use super::data::{Bundle, Start};
use super::rng::Rng;

/// What a receiver's person does with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    Yes,
    No,
    Never,
}

/// What goes wrong, and never mends by itself if `down` is `None`.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// Connections break; each side learns of it after so long, or never (half-open).
    Cut { learn: [Option<Duration>; 2] },
    /// Nothing is delivered for so long, and new calls do not get through.
    Dark { lasts: Duration },
    /// The receiver is killed; `polite`: its system closes the connections.
    Crash { down: Option<Duration>, polite: bool },
    /// The distributor is killed, and started again.
    CrashDesk { down: Duration, polite: bool },
    /// The distributor's person stops sending to this receiver.
    CancelByDesk,
    /// The receiver's person closes the session.
    CancelByPhone,
    /// Another distributor is served.
    Rival { lasts: Duration },
    /// One side says something out of turn; `by` 0 is the distributor.
    Blurt { by: usize },
}

/// When a fault hurts most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    Receiving,
    Applying,
    Saved,
}

/// How a receiver may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doom {
    /// Saved: nothing permanent happens to it.
    None,
    Declines,
    NeverAnswers,
    /// It dies, or its faults are too many to promise anything but honesty.
    Hopeless,
    CancelledByDesk,
    CancelledByPhone,
    Busy,
    Misbehaves,
}

#[derive(Debug)]
pub(crate) struct PhonePlan {
    pub(crate) person: Person,
    pub(crate) answers_in: Range<u64>,
    /// How long the distributor's person takes to compare the codes; no time if the key is known.
    pub(crate) compares_in: Range<u64>,
    pub(crate) starts: Vec<Start>,
    /// Bytes a second and delay in ms, each way.
    pub(crate) rate: u64,
    pub(crate) delay: Range<u64>,
    /// Percent of calls that fail though the receiver is there.
    pub(crate) flaky: u64,
    /// One flush, in ms.
    pub(crate) disk: Range<u64>,
    /// One transaction, in ms.
    pub(crate) apply: Range<u64>,
    pub(crate) appears: Duration,
    pub(crate) doom: Doom,
}

#[derive(Debug)]
pub(crate) struct Schedule {
    pub(crate) bundle: Bundle,
    pub(crate) max_live: usize,
    pub(crate) phones: Vec<PhonePlan>,
    /// When, to whom, what.
    pub(crate) faults: Vec<(Duration, usize, Fault)>,
    /// As `faults`, each once, so long after the receiver's exchange has come to a moment.
    pub(crate) ambushes: Vec<(Moment, Duration, usize, Fault)>,
    /// Whether every message goes through its encoding.
    pub(crate) encoded: bool,
}

impl Schedule {
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let bundle = Bundle::random(&mut rng);
        let count = rng.pick(&[1, 1, 1, 2, 2, 3, 4, 8]);
        let max_live = rng.pick(&[1, 2, 8, 8, 8]);
        let phones: Vec<_> = (0..count).map(|_| phone(&mut rng, &bundle)).collect();
        let mut this =
            Self { bundle, max_live, phones, faults: vec![], ambushes: vec![], encoded: seed.is_multiple_of(8) };
        let mut outages = Vec::new();
        if rng.percent(15) {
            let at = rng.millis(500..this.span(0));
            let down = rng.millis(200..10_000);
            outages.push((at, at + down));
            this.faults.push((at, 0, Fault::CrashDesk { down, polite: rng.percent(50) }));
        }
        for index in 0..count {
            let mut own = outages.clone();
            this.mishaps(index, &mut own, &mut rng);
            this.ambush(index, own.is_empty(), &mut rng);
            this.doom(index, &mut rng);
        }
        this.faults.sort_by_key(|(at, ..)| *at);
        this
    }

    /// How long the receiver's exchange takes by itself: where faults hurt.
    fn span(&self, index: usize) -> u64 {
        let phone = &self.phones[index];
        let sending = self.bundle.bytes() * 1000 / phone.rate;
        phone.answers_in.end + phone.compares_in.end + sending + phone.apply.end + 3_000
    }

    /// Faults that mend. Outages leave room between them to be heard again, so that all still ends well.
    fn mishaps(&mut self, index: usize, outages: &mut Vec<(Duration, Duration)>, rng: &mut Rng) {
        let appears = self.phones[index].appears;
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

    /// Faults that mend, at the worst moments. At most one outage, as there is no telling when it comes.
    fn ambush(&mut self, index: usize, mut may_be_out: bool, rng: &mut Rng) {
        for _ in 0..rng.pick(&[0, 0, 1, 2, 4]) {
            let moment = rng.pick(&[Moment::Receiving, Moment::Receiving, Moment::Applying, Moment::Saved]);
            let phone = &self.phones[index];
            let sending = self.bundle.bytes() * 1000 / phone.rate;
            let after = match moment {
                Moment::Receiving => rng.millis(0..sending + phone.disk.end),
                Moment::Applying => rng.millis(0..phone.apply.end * 2),
                Moment::Saved => rng.millis(0..phone.delay.end * 2),
            };
            let fault = if std::mem::take(&mut may_be_out) {
                Fault::Crash { down: Some(rng.millis(100..10_000)), polite: rng.percent(50) }
            } else {
                cut(rng)
            };
            self.ambushes.push((moment, after, index, fault));
        }
    }

    /// What does not mend, for some.
    fn doom(&mut self, index: usize, rng: &mut Rng) {
        let at = self.phones[index].appears + rng.millis(0..self.span(index));
        let mut fault = |fault| self.faults.push((at, index, fault));
        let doom = match rng.range(0..30) {
            0 => Doom::Declines,
            1 => Doom::NeverAnswers,
            2 => {
                fault(Fault::Crash { down: None, polite: rng.percent(50) });
                Doom::Hopeless
            }
            3 => {
                let chaos = |_| (at + rng.millis(0..60_000), index, Fault::Dark { lasts: rng.millis(1_000..70_000) });
                self.faults.extend((0..4).map(chaos).collect::<Vec<_>>());
                let down = Some(rng.millis(1..80_000));
                self.faults.push((at + rng.millis(0..60_000), index, Fault::Crash { down, polite: false }));
                Doom::Hopeless
            }
            4 => {
                fault(Fault::CancelByDesk);
                Doom::CancelledByDesk
            }
            5 => {
                fault(Fault::CancelByPhone);
                Doom::CancelledByPhone
            }
            6 => {
                fault(Fault::Rival { lasts: rng.millis(1_000..20_000) });
                Doom::Busy
            }
            7 | 8 => {
                (0..4).for_each(|_| {
                    let by = rng.range(0..2) as usize;
                    self.faults.push((at + rng.millis(0..10_000), index, Fault::Blurt { by }));
                });
                Doom::Misbehaves
            }
            _ => Doom::None,
        };
        self.phones[index].person = match doom {
            Doom::Declines => Person::No,
            Doom::NeverAnswers => Person::Never,
            _ => Person::Yes,
        };
        self.phones[index].doom = doom;
    }
}

fn cut(rng: &mut Rng) -> Fault {
    let mut learn = || rng.percent(75).then(|| rng.millis(1..3_000));
    Fault::Cut { learn: [learn(), learn()] }
}

fn phone(rng: &mut Rng, bundle: &Bundle) -> PhonePlan {
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
    PhonePlan {
        starts,
        person: Person::Yes,
        compares_in: span(&[(0, 1), (0, 1), (300, 3_000), (1_000, 60_000)]),
        answers_in: span(&[(300, 3_000), (300, 3_000), (1_000, 20_000), (5_000, 100_000)]),
        rate,
        delay: span(&[(1, 5), (2, 40), (20, 300)]),
        flaky,
        disk: span(&[(5, 50), (20, 600), (100, 5_000)]),
        apply: span(&[(20, 500), (500, 5_000), (500, 30_000)]),
        appears,
        doom: Doom::None,
    }
}
