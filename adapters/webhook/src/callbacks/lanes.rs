//! Slots of concurrent attempts, so that slow receivers do not delay others.
//!
//! An attempt starts in the quick lane. If the receiver has not answered within [`GRACE`], the
//! attempt moves to the slow lane and frees its slot. While that lane is full, it is broken off and
//! repeated later: the quick lane is never full of slow receivers for longer than that time.

use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Attempts in the quick lane, and in the slow one. The agenda bounds those to one address.
const QUICK: usize = 128;
const SLOW: usize = 192;

/// Time in the quick lane.
const GRACE: Duration = Duration::from_secs(1);

/// The slots of both lanes. Clones share them.
#[derive(Clone)]
pub(super) struct Lanes {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

impl Lanes {
    pub(super) fn new() -> Self {
        Self {
            quick: Arc::new(Semaphore::new(QUICK)),
            slow: Arc::new(Semaphore::new(SLOW)),
        }
    }

    /// Waits for a slot in the quick lane.
    pub(super) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        self.quick.clone().acquire_owned().await.ok()
    }

    /// Makes an attempt in this slot; `None` if it took longer than the quick lane allows and the
    /// slow lane was full.
    pub(super) async fn run<T>(
        &self,
        slot: OwnedSemaphorePermit,
        attempt: impl Future<Output = T>,
    ) -> Option<T> {
        let mut attempt = std::pin::pin!(attempt);
        if let Ok(done) = tokio::time::timeout(GRACE, &mut attempt).await {
            return Some(done);
        }
        let moved = self.slow.clone().try_acquire_owned().ok()?;
        drop(slot);
        let done = attempt.await;
        drop(moved);
        Some(done)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn five_hundred_slow_receivers_delay_a_quick_one_by_seconds() {
        let lanes = Lanes::new();
        let started = Instant::now();
        let mut slow = Vec::new();
        for _ in 0..500 {
            let slot = lanes.enter().await.expect("a slot");
            let lanes = lanes.clone();
            slow.push(tokio::spawn(async move {
                lanes.run(slot, sleep(Duration::from_secs(15))).await
            }));
        }

        let slot = lanes.enter().await.expect("a slot");
        let done = lanes.run(slot, async { 7 }).await;
        assert_eq!(done, Some(7));
        assert!(started.elapsed() <= 4 * GRACE, "{:?}", started.elapsed());

        let mut completed = 0;
        for attempt in slow {
            completed += usize::from(attempt.await.expect("no panic").is_some());
        }
        assert_eq!(completed, SLOW, "the others are broken off");
        assert_eq!(lanes.quick.available_permits(), QUICK);
        assert_eq!(lanes.slow.available_permits(), SLOW);
    }
}
