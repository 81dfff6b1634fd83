//! Calendar dates for display only. No decision depends on them.

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Formats milliseconds since 1970 as `27 November 2026`, UTC.
pub fn date(ms: i64) -> String {
    let (year, month, day) = civil(ms.div_euclid(86_400_000));
    let month = usize::try_from(month - 1).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"");
    format!("{day} {month} {year}")
}

/// Returns year, month and day of a day counted from 1970-01-01. Internally a year begins in March, so that the leap
/// day is last.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month) = (day - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_dates_at_range_ends() {
        let day = 86_400_000;
        for (days, expected) in [
            (0, "1 January 1970"),
            (-1, "31 December 1969"),
            (11_016, "29 February 2000"),
            (20_784, "27 November 2026"),
            (20_818, "31 December 2026"),
        ] {
            assert_eq!(date(days * day), expected);
            assert_eq!(date(days * day + day - 1), expected);
        }
        let _no_panic = [date(i64::MAX), date(i64::MIN)];
    }
}
