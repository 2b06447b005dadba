//! Unix time for persisted state.

use std::time::{SystemTime, UNIX_EPOCH};

/// Returns whole seconds since 1970-01-01 00:00 UTC by the system clock, or 0 if the clock is set
/// to an earlier time.
pub fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}
