//! Calculation and formatting of figures.

use std::fmt;
use std::time::Duration;

const MIB: f64 = (1 << 20) as f64;

/// The median; the lower of the two middle values if the number is even; zero if there are none.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// The count per second of `time`; 0 if `time` is zero.
pub(crate) fn per_second(count: u64, time: Duration) -> f64 {
    ratio(count as f64, time.as_secs_f64())
}

/// Megabytes (10^6 bytes) per second.
pub(crate) fn mb_per_second(bytes: u64, time: Duration) -> f64 {
    per_second(bytes, time) / 1e6
}

/// `a / b`, or 0 if the result is not a finite number.
pub(crate) fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
}

/// Bytes in MiB, or "unknown".
pub(crate) struct Mib(pub(crate) Option<u64>);

impl fmt::Display for Mib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(bytes) => f.pad(&format!("{:.1} MiB", bytes as f64 / MIB)),
            None => f.write_str("unknown"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returns_one_of_values_as_median() {
        let times = |times: &[u64]| median(times.iter().copied().map(Duration::from_secs).collect()).as_secs();
        assert_eq!([times(&[]), times(&[4]), times(&[9, 1]), times(&[5, 9, 1]), times(&[4, 3, 2, 1])], [0, 4, 1, 5, 2]);
    }

    #[test]
    fn returns_zero_speed_for_zero_time() {
        assert_eq!(mb_per_second(3_000_000, Duration::from_secs(2)), 1.5);
        assert_eq!(per_second(7, Duration::ZERO), 0.0);
        assert_eq!(format!("{} {}", Mib(Some(3 << 19)), Mib(None)), "1.5 MiB unknown");
    }
}
