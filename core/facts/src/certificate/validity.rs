//! How long a certificate is still valid, and when that is too short.

use jiff::{SignedDuration, civil};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Days below which a certificate needs attention, where the user sets no others.
const WARN_DAYS: i64 = 21;
/// Days below which a certificate is about to expire, where the user sets no others.
const BAD_DAYS: i64 = 7;

/// How urgent the renewal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// Enough time is left.
    Fine,
    /// It should be renewed.
    Soon,
    /// It expires within days.
    Now,
    /// The end of its validity (`notAfter`) has passed.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
}

/// Remaining seconds below which a certificate is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Below this, it is a warning.
    pub warn: i64,
    /// Below this, it is bad.
    pub bad: i64,
}

impl Thresholds {
    /// Thresholds for a certificate with this lifetime in seconds: a warning below 21 days or a
    /// third of the lifetime, bad below 7 days or a sixth, whichever is smaller. Days that the user
    /// sets replace them; if only one is set, the other one gives way to it.
    pub fn of(lifetime: i64, warn_days: Option<i64>, bad_days: Option<i64>) -> Self {
        let lifetime = lifetime.max(0);
        let warn = (WARN_DAYS * DAY).min(lifetime / 3);
        let bad = (BAD_DAYS * DAY).min(lifetime / 6);

        match (warn_days.map(in_seconds), bad_days.map(in_seconds)) {
            (None, None) => Self { warn, bad },
            (Some(set), None) => Self {
                warn: set,
                bad: bad.min(set),
            },
            (None, Some(set)) => Self {
                warn: warn.max(set),
                bad: set,
            },
            (Some(warn), Some(bad)) => Self { warn, bad },
        }
    }

    /// How urgent the renewal is at `now`, all times in seconds since 1970.
    pub fn urgency(self, not_before: i64, not_after: i64, now: i64) -> Urgency {
        let left = not_after.saturating_sub(now);
        match left {
            _ if now < not_before => Urgency::NotYetValid,
            ..0 => Urgency::Expired,
            left if left < self.bad => Urgency::Now,
            left if left < self.warn => Urgency::Soon,
            _ => Urgency::Fine,
        }
    }
}

fn in_seconds(days: i64) -> i64 {
    days.saturating_mul(DAY)
}

/// Whole days until `not_after`, rounded down: -1 from the first second after it.
pub fn days_left(not_after: i64, now: i64) -> i64 {
    not_after.saturating_sub(now).div_euclid(DAY)
}

/// A time in RFC 3339, UTC. Certificates may have times up to the end of the year 9999, which is
/// later than a `jiff::Timestamp` can be.
pub fn rfc3339(seconds: i64) -> String {
    civil::date(1970, 1, 1)
        .at(0, 0, 0, 0)
        .checked_add(SignedDuration::from_secs(seconds))
        .map_or_else(|_| "out of range".into(), |time| format!("{time}Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urgency(lifetime_days: i64, left: i64, set: [Option<i64>; 2]) -> Urgency {
        let lifetime = lifetime_days * DAY;
        Thresholds::of(lifetime, set[0], set[1]).urgency(0, lifetime, lifetime - left)
    }

    #[test]
    fn the_smaller_threshold_applies() {
        use Urgency::{Expired, Fine, Now, Soon};
        let none = [None, None];
        for (lifetime, left, expected) in [
            (365, 21 * DAY, Fine),
            (365, 21 * DAY - 1, Soon),
            (365, 7 * DAY, Soon),
            (365, 7 * DAY - 1, Now),
            (90, 21 * DAY, Fine),
            (90, 20 * DAY, Soon),
            (45, 15 * DAY, Fine),
            (45, 15 * DAY - 1, Soon),
            (6, 2 * DAY, Fine),
            (6, 2 * DAY - 1, Soon),
            (6, DAY, Soon),
            (6, DAY - 1, Now),
            (6, 0, Now),
            (6, -1, Expired),
        ] {
            assert_eq!(urgency(lifetime, left, none), expected, "{lifetime} {left}");
        }
    }

    #[test]
    fn days_of_the_user_replace_the_thresholds() {
        use Urgency::{Fine, Now, Soon};
        for (left, set, expected) in [
            (29, [Some(30), Some(14)], Soon),
            (13, [Some(30), Some(14)], Now),
            (20, [Some(3), None], Fine),
            (2, [Some(3), None], Now),
            (25, [None, Some(30)], Now),
            (35, [None, Some(30)], Fine),
            (1, [Some(0), Some(0)], Fine),
            (10, [Some(60), None], Soon),
        ] {
            assert_eq!(urgency(365, left * DAY, set), expected, "{left} {set:?}");
        }
    }

    #[test]
    fn a_certificate_of_tomorrow_is_not_yet_valid() {
        let thresholds = Thresholds::of(90 * DAY, None, None);
        assert_eq!(thresholds.urgency(DAY, 91 * DAY, 0), Urgency::NotYetValid);
        assert_eq!(thresholds.urgency(DAY, 91 * DAY, DAY), Urgency::Fine);
    }

    #[test]
    fn days_are_rounded_down() {
        for (left, days) in [
            (0, 0),
            (DAY - 1, 0),
            (DAY, 1),
            (-1, -1),
            (-DAY, -1),
            (-DAY - 1, -2),
        ] {
            assert_eq!(days_left(left, 0), days, "{left}");
        }
        assert_eq!(days_left(i64::MAX, i64::MIN), i64::MAX / DAY);
    }

    #[test]
    fn formats_every_time_that_a_certificate_can_have() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(253_402_300_799), "9999-12-31T23:59:59Z");
        assert_eq!(rfc3339(-631_152_000), "1950-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "out of range");
    }
}
