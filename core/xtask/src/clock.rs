//! The working time of one thread.

use std::fs;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

/// Below this time the system's count of processor time is too coarse.
const FINE: Duration = Duration::from_millis(200);

/// Measures work of this thread.
pub(crate) struct Stopwatch {
    start: Instant,
    worked: Option<Duration>,
}

/// The time spent on work.
#[derive(Clone, Copy, Default)]
pub(crate) struct Spent {
    passed: Duration,
    /// Processor time, if the system reports it (Linux).
    worked: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { worked: worked(), start: Instant::now() }
    }

    pub(crate) fn elapsed(&self) -> Spent {
        let passed = self.start.elapsed();
        let worked = self.worked.zip(worked()).map(|(start, now)| now.saturating_sub(start));
        Spent { passed, worked: worked.unwrap_or_default() }
    }
}

impl Spent {
    /// Returns the time to evaluate: processor time, which other programs do not affect; or, if it is unknown or too
    /// short, the elapsed time.
    pub(crate) fn time(self) -> Duration {
        if self.worked >= FINE { self.worked } else { self.passed }
    }
}

impl AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.worked += other.worked;
    }
}

fn worked() -> Option<Duration> {
    parse(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
}

/// Nanoseconds on a processor, nanoseconds waiting for one, and number of time slices.
fn parse(schedstat: &str) -> Option<Duration> {
    schedstat.split_ascii_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_first_number() {
        assert_eq!(parse("1297236 5466956 3\n"), Some(Duration::from_nanos(1_297_236)));
        assert_eq!([parse(""), parse("x 1 2")], [None; 2]);
    }

    #[test]
    fn uses_processor_time_if_long_enough() {
        let spent =
            |passed, worked| Spent { passed: Duration::from_millis(passed), worked: Duration::from_millis(worked) };
        assert_eq!(spent(900, 300).time().as_millis(), 300);
        assert_eq!(spent(9, 4).time().as_millis(), 9);
        let mut sum = spent(100, 150);
        sum += spent(100, 150);
        assert_eq!(sum.time().as_millis(), 300);
        assert!(Stopwatch::start().elapsed().time() < Duration::from_secs(60));
    }
}
