//! The campaign's own clock: milliseconds since 1970. Only `advance` moves it, so responses are reproducible.

/// The campaign clock before the first `advance`: 2025-08-24 01:46:40 UTC.
pub const CLOCK_BASE_MS: i64 = 1_756_000_000_000;

/// One day. Each `advance` moves the clock by one day.
pub(crate) const DAY_MS: i64 = 86_400_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;
pub(crate) const MINUTE_MS: i64 = 60_000;

/// How many days of registration come before the base time.
pub(crate) const CAMPAIGN_DAYS: u64 = 6;

/// 04:00 UTC (06:00 in Maputo) of campaign day `day`, counted from 0. Day 6 is the day of the base time.
pub(crate) fn morning(day: u64) -> i64 {
    let midnight = CLOCK_BASE_MS - CLOCK_BASE_MS % DAY_MS;
    midnight + (day as i64 - CAMPAIGN_DAYS as i64) * DAY_MS + 4 * HOUR_MS
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

impl Date {
    /// The UTC day of a time in milliseconds (Howard Hinnant's `civil_from_days`).
    pub(crate) fn of(ms: i64) -> Self {
        let z = ms.div_euclid(DAY_MS) + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let month = if mp < 10 { mp + 3 } else { mp - 9 };
        Self { year: yoe + era * 400 + i64::from(month <= 2), month, day: doy - (153 * mp + 2) / 5 + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_in_august_2025() {
        assert_eq!(Date::of(CLOCK_BASE_MS), Date { year: 2025, month: 8, day: 24 });
        assert_eq!(Date::of(morning(0)), Date { year: 2025, month: 8, day: 18 });
        assert_eq!(Date::of(-1), Date { year: 1969, month: 12, day: 31 });
        assert_eq!(Date::of(951_782_400_000), Date { year: 2000, month: 2, day: 29 });
    }
}
