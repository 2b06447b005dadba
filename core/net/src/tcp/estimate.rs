//! What a scan learns about its path: round trip and loss. No I/O.

use std::time::Duration;

/// No attempt is called silent sooner, however fast the others answer.
const FLOOR: Duration = Duration::from_millis(100);
/// Attempts beyond those asked for, where packets get lost.
const EXTRA: u8 = 5;
/// So many answers tell whether packets get lost; before that, so many attempts are made.
const TELLING: u32 = 50;
const UNSURE: u8 = 5;
/// The share of wrong answers that is accepted, over all ports of a scan.
const WRONG: f64 = 0.001;

/// Round-trip estimate by RFC 6298 §2, and a count of attempts that went unanswered.
#[derive(Debug, Default)]
pub(super) struct Estimate {
    smooth: Option<Duration>,
    variance: Duration,
    slowest: Duration,
    answered: u32,
    missed: u32,
}

impl Estimate {
    /// An answer came, to the attempt with this number (from 0): those before it were lost.
    pub(super) fn answered(&mut self, rtt: Duration, attempt: u8) {
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

    /// How long the next attempt may stay unanswered, where `unknown` is for no answers at all.
    pub(super) fn patience(&self, unknown: Duration) -> Duration {
        match self.smooth {
            None => unknown,
            Some(smooth) => (smooth + self.variance * 4)
                .max(self.slowest + self.slowest / 2)
                .max(FLOOR)
                .min(unknown.max(smooth * 3)),
        }
    }

    /// How many attempts make silence believable.
    pub(super) fn attempts(&self, wanted: u8) -> u8 {
        // A few answers say little about loss; none at all mostly mean that nothing answers.
        let wanted = if (1..TELLING).contains(&self.answered) {
            wanted.max(UNSURE)
        } else {
            wanted
        };
        if self.missed == 0 {
            return wanted;
        }
        let answered = f64::from(self.answered);
        let loss = f64::from(self.missed + 1) / f64::from(self.missed + self.answered + 1);
        // All of the answering ports would have to lose every attempt: answered * loss^n.
        let needed = (WRONG / answered).ln() / loss.ln();
        let most = wanted.saturating_add(EXTRA);
        (wanted..most)
            .find(|n| f64::from(*n) >= needed)
            .unwrap_or(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNKNOWN: Duration = Duration::from_millis(350);

    fn seen(rtt_ms: u64, answered: u32, missed: u32) -> Estimate {
        let mut estimate = Estimate::default();
        for n in 0..answered {
            estimate.answered(Duration::from_millis(rtt_ms), u8::from(n < missed));
        }
        estimate
    }

    #[test]
    fn patience_follows_the_path() {
        assert_eq!(Estimate::default().patience(UNKNOWN), UNKNOWN);
        assert_eq!(seen(1, 20, 0).patience(UNKNOWN), FLOOR);
        let far = seen(600, 20, 0).patience(UNKNOWN);
        assert!(
            far >= Duration::from_millis(900) && far < Duration::from_secs(2),
            "{far:?}"
        );
    }

    #[test]
    fn loss_asks_for_more_attempts() {
        assert_eq!(seen(20, 100, 0).attempts(3), 3);
        // A tenth lost: 1,000 ports need six attempts for one wrong answer in a thousand scans.
        assert_eq!(seen(20, 1000, 110).attempts(3), 6);
        assert_eq!(seen(20, 3, 0).attempts(3), 5);
        assert_eq!(seen(20, 2, 2).attempts(3), 10);
        assert_eq!(seen(20, 0, 0).attempts(3), 3);
    }
}
