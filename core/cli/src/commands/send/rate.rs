//! The transfer rate to a receiver's disk, and the remaining time.

use std::collections::VecDeque;
use std::time::Duration;

use fieldcast::SendProgress;
use tokio::time::Instant;

use crate::text::{bytes, duration};

/// The time over which the rate is measured. Short, because the quality of a radio link changes. Long enough for
/// several reports, which arrive once a second or every few megabytes.
const WINDOW: Duration = Duration::from_secs(15);

/// The recent reports, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct TransferRate {
    reports: VecDeque<(Instant, SendProgress)>,
}

impl TransferRate {
    /// Adds a report. The first report holds the bytes from before this connection.
    pub(super) fn report(&mut self, now: Instant, progress: SendProgress) {
        self.reports.push_back((now, progress));
        // Keeps one report from before the window, so that the reports cover the whole window.
        while self.reports.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.reports.pop_front();
        }
    }

    /// Bytes per second, and the time until all bytes are on disk at this rate. `None` until data arrives.
    fn estimate(&self, now: Instant) -> Option<(u64, Duration)> {
        let ((since, first), (_, last)) = (self.reports.front()?, self.reports.back()?);
        let gained = last.staged.checked_sub(first.staged).filter(|gained| *gained > 0)?;
        let rate = gained as f64 / now.duration_since(*since).as_secs_f64().max(0.001);
        let left = last.total.saturating_sub(last.staged) as f64 / rate;
        Some((rate as u64, Duration::try_from_secs_f64(left).unwrap_or(Duration::MAX)))
    }

    /// Text for the screen: `1.20 MB of 3.40 MB, 410 kB/s, 6 s left`.
    pub(super) fn text(&self, now: Instant) -> String {
        let Some((_, SendProgress { staged, total, .. })) = self.reports.back() else { return String::new() };
        let so_far = format!("{} of {}", bytes(*staged), bytes(*total));
        match self.estimate(now) {
            Some((rate, left)) if staged < total => {
                format!("{so_far}, {}/s, {} left", bytes(rate), in_whole_seconds(left))
            }
            Some((rate, _)) => format!("{so_far}, {}/s", bytes(rate)),
            None => so_far,
        }
    }
}

/// Rounds up to whole seconds, because an estimate is not exact to tenths of a second.
fn in_whole_seconds(left: Duration) -> String {
    match left.as_secs().saturating_add(u64::from(left.subsec_nanos() > 0)) {
        seconds @ 0..10 => format!("{seconds} s"),
        seconds => duration(Duration::from_secs(seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOTAL: u64 = 1_000_000;

    /// A rate from `(milliseconds, bytes)` reports, and a function from milliseconds to instants.
    fn rate(reports: &[(u64, u64)]) -> (TransferRate, impl Fn(u64) -> Instant) {
        let start = Instant::now();
        let at = move |ms| start + Duration::from_millis(ms);
        let mut rate = TransferRate::default();
        for (ms, staged) in reports {
            rate.report(at(*ms), SendProgress { staged: *staged, total: TOTAL, wire: 0 });
        }
        (rate, at)
    }

    #[test]
    fn ignores_bytes_of_earlier_connections() {
        let (rate, at) = rate(&[(0, 500_000), (2_000, 600_000)]);
        assert_eq!(rate.estimate(at(2_000)), Some((50_000, Duration::from_secs(8))));
        assert_eq!(rate.text(at(2_000)), "600 kB of 1.00 MB, 50.0 kB/s, 8 s left");
    }

    #[test]
    fn estimates_nothing_before_data_arrives() {
        let (rate, at) = rate(&[(0, 500_000)]);
        assert_eq!((rate.estimate(at(9_000)), rate.text(at(9_000)).as_str()), (None, "500 kB of 1.00 MB"));
    }

    #[test]
    fn measures_only_the_last_seconds() {
        let fast_then_slow: Vec<_> =
            (0..=10).map(|s| (s, s * 50_000)).chain((11..=40).map(|s| (s, 400_000 + s * 10_000))).collect();
        let reports: Vec<_> = fast_then_slow.into_iter().map(|(s, staged)| (s * 1_000, staged)).collect();
        let (rate, at) = rate(&reports);
        assert_eq!(rate.estimate(at(40_000)), Some((10_000, Duration::from_secs(20))));
    }

    #[test]
    fn raises_the_time_left_while_no_data_arrives() {
        let (rate, at) = rate(&[(0, 0), (4_000, 200_000)]);
        assert_eq!(rate.estimate(at(4_000)), Some((50_000, Duration::from_secs(16))));
        assert_eq!(rate.estimate(at(8_000)), Some((25_000, Duration::from_secs(32))));
    }

    #[test]
    fn shows_no_time_left_at_the_end() {
        let (rate, at) = rate(&[(0, 0), (4_000, TOTAL)]);
        assert_eq!(rate.text(at(4_000)), "1.00 MB of 1.00 MB, 250 kB/s");
        let long = [400, 9_001, 59_000, 150_000].map(|ms| in_whole_seconds(Duration::from_millis(ms)));
        assert_eq!(long, ["1 s", "10 s", "59 s", "2 min"]);
    }
}
