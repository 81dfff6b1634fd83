//! Checks whether the clock can be right. It asks no server for the time, because there may be no internet.

use super::{Check, Checked};

/// 2026-01-01: no version of Fieldcast is older than this.
const EARLIEST: i64 = 1_767_225_600_000;
/// 2046-01-01: no phone in use today will still be in use then.
const LATEST: i64 = 2_398_377_600_000;

pub(super) fn check(now: i64) -> Check {
    const ADVICE: &str = "set the date, time and time zone of this device: offers with a future date are refused";
    match now {
        ..EARLIEST => {
            Check::problem(Checked::Clock, "the clock shows a time before this Fieldcast was released", ADVICE)
        }
        LATEST.. => Check::problem(Checked::Clock, "the clock is twenty years ahead or more", ADVICE),
        _ => Check::ok(Checked::Clock, "the clock looks right; it was not compared with another clock"),
    }
}
