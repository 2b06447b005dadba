//! Exponential backoff with jitter.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

/// The first wait, before jitter.
const SHORTEST: Duration = Duration::from_millis(500);

/// Endless series of growing waits between retries. Jitter keeps many clients from retrying at the
/// same moment.
pub struct Waits {
    backoff: ExponentialBackoff,
    longest: Duration,
}

impl Waits {
    /// Creates a series that starts at half a second and doubles up to `longest`. Jitter at most
    /// doubles each wait.
    pub fn up_to(longest: Duration) -> Self {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(SHORTEST)
            .with_max_delay(longest)
            .with_jitter()
            .without_max_times()
            .build();
        Self { backoff, longest }
    }

    /// The delay before the next attempt.
    pub fn next_wait(&mut self) -> Duration {
        self.backoff.next().unwrap_or(self.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_limit_and_never_end() {
        let longest = Duration::from_secs(30);
        let mut waits = Waits::up_to(longest);
        let all: Vec<Duration> = (0..40).map(|_| waits.next_wait()).collect();
        assert!(all[0] >= SHORTEST && all[0] <= SHORTEST * 2, "{:?}", all[0]);
        assert!(all[3] >= SHORTEST * 8, "doubled three times: {:?}", all[3]);
        for wait in &all[10..] {
            assert!((longest..=longest * 2).contains(wait), "{wait:?}");
        }
    }
}
