//! Schedule of the attempts to deliver.

use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom, SystemRandom};

/// Longest wait that a receiver can ask for with `Retry-After`.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * 3600);

/// The waits before each attempt, the first one included.
pub(super) struct Schedule(Vec<Duration>);

impl Schedule {
    pub(super) fn new(seconds: &[u64]) -> Self {
        Self(seconds.iter().copied().map(Duration::from_secs).collect())
    }

    /// Returns the wait after this many attempts, at least as long as the receiver asked for;
    /// `None` after the last attempt.
    pub(super) fn wait(&self, attempts: usize, asked: Option<Duration>) -> Option<Duration> {
        self.0
            .get(attempts)
            .map(|planned| lengthened(*planned, asked, chance()))
    }
}

/// Returns the wait, lengthened by up to a tenth, so that deliveries that failed together are not
/// repeated together.
fn lengthened(planned: Duration, asked: Option<Duration>, chance: f64) -> Duration {
    let wait = planned.max(asked.unwrap_or_default().min(LONGEST_ASKED));
    wait + wait.mul_f64(chance / 10.0)
}

/// Returns a random number from 0 to 1.
fn chance() -> f64 {
    let mut random = [0; 4];
    // If there is no randomness, there is only no jitter.
    let _ = SystemRandom::new().fill(&mut random);
    f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
}

/// Parses `Retry-After` (RFC 9110 §10.2.3): seconds or a date; `None` if it is neither.
pub(super) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that does not fit is read as the longest wait.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use netvane_core::settings::Settings;

    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn defaults_to_the_schedule_of_the_specification() {
        let schedule = Schedule::new(&Settings::default().http.callback_retry_seconds);
        let mut since_start = seconds(0);
        let table = [
            0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705, 272_105,
        ];
        for (attempts, expected) in table.into_iter().enumerate() {
            since_start += schedule.0[attempts];
            assert_eq!(since_start, seconds(expected));
            let planned = schedule.0[attempts];
            for _ in 0..100 {
                let wait = schedule.wait(attempts, None).expect("one more");
                assert!((planned..=planned.mul_f64(1.1)).contains(&wait), "{wait:?}");
            }
        }
        assert_eq!(schedule.wait(10, None), None);
        assert_eq!(
            schedule.wait(10, Some(seconds(1))),
            None,
            "Retry-After does not add an attempt"
        );
    }

    #[test]
    fn jitter_lengthens_by_up_to_a_tenth() {
        assert_eq!(lengthened(seconds(300), None, 0.0), seconds(300));
        assert_eq!(lengthened(seconds(300), None, 0.5), seconds(315));
        assert_eq!(lengthened(seconds(300), None, 1.0), seconds(330));
        let many: std::collections::HashSet<_> = (0..100).map(|_| chance().to_bits()).collect();
        assert!(many.len() > 90);
    }

    #[test]
    fn waits_at_least_as_long_as_the_receiver_asks() {
        assert_eq!(lengthened(seconds(5), Some(seconds(60)), 0.0), seconds(60));
        assert_eq!(
            lengthened(seconds(300), Some(seconds(60)), 0.0),
            seconds(300)
        );
        assert_eq!(
            lengthened(seconds(5), Some(Duration::MAX), 0.0),
            LONGEST_ASKED
        );
    }

    #[test]
    fn retry_after_is_a_number_or_a_date() {
        let now = httpdate::parse_http_date("Wed, 21 Oct 2015 07:28:00 GMT").expect("a date");
        for (text, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("99999999999999999999999999", Some(u64::MAX)),
            ("Wed, 21 Oct 2015 07:30:00 GMT", Some(120)),
            ("Wednesday, 21-Oct-15 07:30:00 GMT", Some(120)),
            ("Wed Oct 21 07:30:00 2015", Some(120)),
            ("Wed, 21 Oct 2015 07:00:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("Wed, 41 Oct 2015 07:30:00 GMT", None),
        ] {
            assert_eq!(retry_after(text, now), expected.map(seconds), "{text}");
        }
    }
}
