//! Durations as text, the same everywhere: `604 ms`, `1.5 s`, `5 min`, `3 h`, `2 days`.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Formats seconds in the largest unit of which there are at least two, rounded down: `119 s`, `2 min`, `47 h`, `2 days`.
pub fn rounded(seconds: u64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / MINUTE),
        7200..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

/// Formats seconds in the largest unit that is exact, as a TTL needs it: `299 s`, `5 min`, `1 h`, `1 day`.
pub fn exact(seconds: impl Into<u64>) -> String {
    let seconds = seconds.into();
    match seconds {
        0 => "0 s".into(),
        DAY => "1 day".into(),
        _ if seconds.is_multiple_of(DAY) => format!("{} days", seconds / DAY),
        _ if seconds.is_multiple_of(HOUR) => format!("{} h", seconds / HOUR),
        _ if seconds.is_multiple_of(MINUTE) => format!("{} min", seconds / MINUTE),
        _ => format!("{seconds} s"),
    }
}

/// Formats a measured time below some minutes: milliseconds below a second, else seconds with one decimal if there is one.
pub fn measured(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 1.0 {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{seconds:.1} s").replace(".0 s", " s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_durations_have_at_least_two_of_their_unit() {
        for (seconds, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7199, "119 min"),
            (7200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
            (31_536_000, "365 days"),
        ] {
            assert_eq!(rounded(seconds), text);
        }
    }

    #[test]
    fn exact_durations_lose_nothing() {
        for (seconds, text) in [
            (0_u32, "0 s"),
            (1, "1 s"),
            (60, "1 min"),
            (299, "299 s"),
            (300, "5 min"),
            (3600, "1 h"),
            (5400, "90 min"),
            (86_400, "1 day"),
            (172_800, "2 days"),
            (u32::MAX, "4294967295 s"),
        ] {
            assert_eq!(exact(seconds), text);
        }
    }

    #[test]
    fn measured_times_are_milliseconds_or_seconds() {
        for (milliseconds, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1000, "1 s"),
            (1500, "1.5 s"),
            (10_040, "10 s"),
        ] {
            assert_eq!(measured(Duration::from_millis(milliseconds)), text);
        }
    }
}
