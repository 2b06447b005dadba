//! Estimates round trip and packet loss of a scan. No I/O.

use std::time::Duration;

/// Shortest timeout of an attempt.
const FLOOR: Duration = Duration::from_millis(100);
/// Additional attempts under packet loss.
const EXTRA_ATTEMPTS: u8 = 5;
/// Answers needed to estimate loss; with fewer, at least `MIN_ATTEMPTS` attempts are made.
const MIN_ANSWERS: u32 = 50;
const MIN_ATTEMPTS: u8 = 5;
/// Accepted probability of a wrong result, over all ports of a scan.
const MAX_ERROR: f64 = 0.001;

/// Round-trip estimate (RFC 6298 §2) and a count of lost attempts.
#[derive(Debug, Default)]
pub(super) struct Estimate {
    smooth: Option<Duration>,
    variance: Duration,
    slowest: Duration,
    answered: u32,
    missed: u32,
}

impl Estimate {
    /// Records an answer to the attempt with this number (from 0); the earlier ones were lost.
    pub(super) fn record_answer(&mut self, rtt: Duration, attempt: u8) {
        self.answered += 1;
        self.missed += u32::from(attempt);
        self.slowest = self.slowest.max(rtt);
        match self.smooth {
            None => {
                self.smooth = Some(rtt);
                self.variance = rtt / 2;
            }
            Some(smooth) => {
                self.variance = self.variance * 3 / 4 + smooth.abs_diff(rtt) / 4;
                self.smooth = Some(smooth * 7 / 8 + rtt / 8);
            }
        }
    }

    /// Returns the timeout of the next attempt; `unknown` if there was no answer yet.
    pub(super) fn timeout(&self, unknown: Duration) -> Duration {
        match self.smooth {
            None => unknown,
            Some(smooth) => (smooth + self.variance * 4)
                .max(self.slowest + self.slowest / 2)
                .max(FLOOR)
                .min(unknown.max(smooth * 3)),
        }
    }

    /// Returns how many attempts without an answer make a port filtered.
    pub(super) fn attempts(&self, requested: u8) -> u8 {
        // A few answers say little about loss; without any, probably nothing answers at all.
        let requested = if (1..MIN_ANSWERS).contains(&self.answered) {
            requested.max(MIN_ATTEMPTS)
        } else {
            requested
        };
        if self.missed == 0 {
            return requested;
        }
        let answered = f64::from(self.answered);
        let loss = f64::from(self.missed + 1) / f64::from(self.missed + self.answered + 1);
        // Expected number of answering ports that lose all n attempts: answered * loss^n.
        let needed = (MAX_ERROR / answered).ln() / loss.ln();
        let most = requested.saturating_add(EXTRA_ATTEMPTS);
        (requested..most)
            .find(|n| f64::from(*n) >= needed)
            .unwrap_or(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Duration = Duration::from_millis(350);

    fn estimate_of(rtt_ms: u64, answered: u32, missed: u32) -> Estimate {
        let mut estimate = Estimate::default();
        for n in 0..answered {
            estimate.record_answer(Duration::from_millis(rtt_ms), u8::from(n < missed));
        }
        estimate
    }

    #[test]
    fn the_timeout_follows_the_round_trip() {
        assert_eq!(Estimate::default().timeout(UNKNOWN), UNKNOWN);
        assert_eq!(estimate_of(1, 20, 0).timeout(UNKNOWN), FLOOR);
        let far = estimate_of(600, 20, 0).timeout(UNKNOWN);
        assert!(
            far >= Duration::from_millis(900) && far < Duration::from_secs(2),
            "{far:?}"
        );
    }

    #[test]
    fn loss_increases_the_number_of_attempts() {
        assert_eq!(estimate_of(20, 100, 0).attempts(3), 3);
        // With 10 % loss, 1,000 ports need six attempts for one wrong result in a thousand scans.
        assert_eq!(estimate_of(20, 1000, 110).attempts(3), 6);
        assert_eq!(estimate_of(20, 3, 0).attempts(3), 5);
        assert_eq!(estimate_of(20, 2, 2).attempts(3), 10);
        assert_eq!(estimate_of(20, 0, 0).attempts(3), 3);
    }
}
