//! Whether the time can be right. Nothing is asked for the true one: there may be nobody to ask.

use super::{Check, Checked};

/// 2026-01-01: this Fieldcast was not built before it.
const EARLIEST: i64 = 1_767_225_600_000;
/// 2046-01-01: no phone in use today lives that long.
const LATEST: i64 = 2_398_377_600_000;

pub(super) fn check(now: i64) -> Check {
    const ADVICE: &str = "set date, time and time zone of this device: offers from the future are refused";
    match now {
        ..EARLIEST => Check::problem(Checked::Clock, "the clock is before this Fieldcast was made", ADVICE),
        LATEST.. => Check::problem(Checked::Clock, "the clock is twenty years ahead or more", ADVICE),
        _ => Check::ok(Checked::Clock, "the clock can be right; it was compared with nobody's"),
    }
}
