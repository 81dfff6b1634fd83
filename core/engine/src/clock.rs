//! This device's clock: for people to read and for dates that a campaign sets. What runs never waits by it.

use std::time::{SystemTime, UNIX_EPOCH};

/// In milliseconds since 1970; 0 for a clock that stands before that.
#[expect(clippy::disallowed_methods, reason = "dates")]
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
