//! The clock of this device. It serves for times on screens and for expiry dates of grants. Timeouts never use it.

use std::time::{SystemTime, UNIX_EPOCH};

/// The time in milliseconds since 1970; 0 if the clock is before 1970.
#[expect(clippy::disallowed_methods, reason = "dates")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
