//! Numbers, sizes and times in readable form, and plain tables.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dialoguer::console::{Alignment, measure_text_width, pad_str};
use fieldcast::{ComparisonResult, DeviceName, Fingerprint, NetworkChange, SharedKey, civil, is_shown};

/// `7533` as `7,533`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 village`, `3 villages`.
pub(crate) fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// The first few names and the number of the others.
pub(crate) fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 5;
    let names: Vec<_> = names.map(safe).collect();
    match names.get(..SHOWN) {
        Some(first) if names.len() > SHOWN + 1 => format!("{} and {} more", first.join(", "), names.len() - SHOWN),
        _ => names.join(", "),
    }
}

/// Says what happened to the network.
pub(crate) fn network(change: &NetworkChange) -> String {
    match change {
        NetworkChange::Lost { name } => format!("The network `{name}` is lost. Waiting until it is back."),
        NetworkChange::Available { interface, addr } => {
            format!("Continuing on the network `{}` at {addr}.", interface.name)
        }
    }
}

/// Says that several devices have the same key, and what to do.
pub(crate) fn shared_key(SharedKey { is_own, devices, .. }: &SharedKey) -> String {
    let device = |(name, addr): &(DeviceName, SocketAddr)| format!("{} at {addr}", safe(name.as_str()));
    let this = is_own.then(|| "this device".to_owned());
    let all: Vec<_> = this.into_iter().chain(devices.iter().map(device)).collect();
    format!(
        "{} have the same key, because the data folder of one was copied to the other.\nRun on all of them but one: \
         fieldcast --new-identity status",
        all.join(" and ")
    )
}

/// A size in bytes, with decimal prefixes.
pub(crate) fn bytes(n: u64) -> String {
    let value = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..100_000 => format!("{:.1} kB", value / 1e3),
        100_000..999_500 => format!("{:.0} kB", value / 1e3),
        999_500..9_950_000 => format!("{:.2} MB", value / 1e6),
        9_950_000..999_950_000 => format!("{:.1} MB", value / 1e6),
        _ => format!("{:.2} GB", value / 1e9),
    }
}

/// A duration in readable form.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
    }
}

/// This device's clock, in milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "dates")]
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

/// Milliseconds since 1970 as `2026-11-22 08:30`, UTC.
pub(crate) fn utc(ms: i64) -> String {
    let minutes = ms.div_euclid(60_000);
    let (days, minute) = (minutes.div_euclid(1_440), minutes.rem_euclid(1_440));
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02}", minute / 60, minute % 60)
}

/// [`compared`] of data that is the same on both sides.
pub(crate) const MATCHES: &str = "matches";

/// A short text about how the receiver's data compares with the sent data.
pub(crate) fn compared(comparisons: &[ComparisonResult]) -> String {
    let (mut kept, mut boundaries, mut conflicts) = (None, 0, 0);
    for comparison in comparisons {
        match comparison {
            ComparisonResult::Equal => {}
            ComparisonResult::Conflict { .. } => conflicts += 1,
            // The peer sent this number, so it can have any value.
            ComparisonResult::KeptNewer { records } => kept = Some(kept.unwrap_or(0u64).saturating_add(*records)),
            ComparisonResult::Ahead { .. } => boundaries += 1,
        }
    }
    let newer = kept.map(|records| format!("kept {}", counted(records, "newer record", "newer records")));
    let later = match boundaries {
        0 => None,
        all if all == comparisons.len() => Some("has a later version and kept it".to_owned()),
        some => Some(format!("has a later version of {} and kept it", counted(some as u64, "village", "villages"))),
    };
    let conflict = (conflicts > 0).then(|| {
        let villages = counted(conflicts, "village", "villages");
        format!("CONFLICT in {villages}: it had a later version with fewer records. Download from the server")
    });
    let ahead: Vec<_> = newer.into_iter().chain(later).chain(conflict).collect();
    if ahead.is_empty() { MATCHES.to_owned() } else { ahead.join(", ") }
}

/// Removes characters from a server's or peer's text that could move the cursor or hide other text.
pub(crate) fn safe(text: &str) -> String {
    text.chars().filter(|c| is_shown(*c)).collect()
}

/// A device's fingerprint: whole, for grants, or a short form to read.
pub(crate) fn fingerprint(of: &Fingerprint, full: bool) -> String {
    if full { of.to_string() } else { of.short() }
}

/// Pads text to a width. Longer text stays as it is.
pub(crate) fn padded(text: &str, width: usize) -> String {
    pad_str(text, width, Alignment::Left, None).into_owned()
}

/// A table with aligned columns.
#[derive(Debug)]
pub(crate) struct Table {
    /// Whether each column is right-aligned, as for numbers.
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// The column heads. `>` at the start of a head marks a column of numbers.
    pub(crate) fn new(heads: &[&str]) -> Self {
        let right = heads.iter().map(|head| head.starts_with('>')).collect();
        let heads = heads.iter().map(|head| head.trim_start_matches('>').to_owned()).collect();
        Self { right, rows: vec![heads] }
    }

    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines of the table. The heads are the first line.
    pub(crate) fn lines(&self) -> Vec<String> {
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell: &String| measure_text_width(cell))
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.right.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).zip(&self.right).map(|((cell, width), right)| {
                let align = if *right { Alignment::Right } else { Alignment::Left };
                pad_str(cell, *width, align, None).into_owned()
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits_and_chooses_singular_or_plural() {
        assert_eq!([0, 999, 1_000, 7_533, 1_234_567].map(count), ["0", "999", "1,000", "7,533", "1,234,567"]);
        assert_eq!(counted(1, "boundary", "boundaries"), "1 boundary");
        assert_eq!(counted(3, "boundary", "boundaries"), "3 boundaries");
    }

    #[test]
    fn shortens_long_lists() {
        assert_eq!(listed(["a", "b", "c", "d", "e", "f"].into_iter()), "a, b, c, d, e, f");
        assert_eq!(listed(["a", "b", "c", "d", "e", "f", "g"].into_iter()), "a, b, c, d, e and 2 more");
    }

    #[test]
    fn says_matches_only_for_equal_data() {
        let ahead = ComparisonResult::Ahead { as_of: fieldcast::ServerTime(9) };
        assert_eq!(compared(&[ComparisonResult::Equal, ComparisonResult::Equal]), "matches");
        assert_eq!(compared(&[ahead, ahead]), "has a later version and kept it");
        assert_eq!(compared(&[ComparisonResult::Equal, ahead]), "has a later version of 1 village and kept it");
        let conflict = ComparisonResult::Conflict { as_of: fieldcast::ServerTime(9), records: 3 };
        assert!(compared(&[conflict, ComparisonResult::Equal]).starts_with("CONFLICT in 1 village: "));
        let newer = ComparisonResult::KeptNewer { records: 3 };
        assert_eq!(compared(&[newer, ComparisonResult::Equal]), "kept 3 newer records");
        assert_eq!(
            compared(&[newer, ahead, ahead]),
            "kept 3 newer records, has a later version of 2 villages and kept it"
        );
        // Numbers of a peer never sum up to "matches", even if the sum overflows.
        let [most, two] = [u64::MAX - 1, 2].map(|records| ComparisonResult::KeptNewer { records });
        assert_eq!(compared(&[most, two]), "kept 18,446,744,073,709,551,615 newer records");
        assert_eq!(compared(&[ComparisonResult::KeptNewer { records: 0 }]), "kept 0 newer records");
    }

    #[test]
    fn shortens_sizes_and_times() {
        let sizes = [812, 12_345, 604_000, 1_234_567, 12_300_000, 999_999_999, 2_500_000_000].map(bytes);
        assert_eq!(sizes, ["812 B", "12.3 kB", "604 kB", "1.23 MB", "12.3 MB", "1.00 GB", "2.50 GB"]);
        let times = [340, 9_940, 59_000, 125_000, 7_500_000].map(|ms| duration(Duration::from_millis(ms)));
        assert_eq!(times, ["0.3 s", "9.9 s", "59 s", "2 min", "2 h 05 min"]);
    }

    #[test]
    fn formats_dates_in_leap_years_and_before_1970() {
        assert_eq!(utc(0), "1970-01-01 00:00");
        assert_eq!(utc(1_709_251_199_000), "2024-02-29 23:59");
        assert_eq!(utc(1_795_336_200_000), "2026-11-22 08:30");
        assert_eq!(utc(-1), "1969-12-31 23:59");
    }

    #[test]
    fn aligns_tables_in_any_script() {
        let mut table = Table::new(&["name", ">n", "state"]);
        table.row(vec!["Nacuca".into(), "7,533".into(), "ok".into()]);
        table.row(vec!["नमस्ते".into(), "1".into(), String::new()]);
        let lines = table.lines();
        assert_eq!(lines[0], "name        n  state");
        assert_eq!(lines[1], "Nacuca  7,533  ok");
        assert!(lines[2].ends_with("1"), "{lines:?}");
    }

    #[test]
    fn removes_terminal_control_characters() {
        assert_eq!(safe("a\u{1b}[2J\nb\u{202e}c"), "a[2Jbc");
    }
}
