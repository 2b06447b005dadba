//! Send rate limits of a platform, per conversation and in total.
//!
//! Replies wait until a message is allowed. Progress is shown only while no reply waits, and at
//! half the rate, so that capacity for the reply remains.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Number of messages after which buckets without recent messages are removed.
const TIDY_EVERY: usize = 4096;

/// Messages that share one rate limit: those to one chat, channel or webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Index into the platform's [`Rates::rooms`].
    pub sort: usize,
    /// The platform's id of the chat, channel or webhook.
    pub id: i64,
}

/// Send rates that a platform allows. Each is a burst and the time after which one more message is
/// allowed.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Rate of all messages together.
    pub overall: (u32, Duration),
    /// Rate of one bucket, indexed by [`Bucket::sort`].
    pub rooms: Vec<(u32, Duration)>,
}

/// Enforces the platform's send rates.
pub struct SendLimiter {
    overall: DefaultDirectRateLimiter,
    rooms: Vec<DefaultKeyedRateLimiter<i64>>,
    progress: Vec<DefaultKeyedRateLimiter<i64>>,
    /// The [`Bucket::sort`] that does not count towards `overall`.
    apart: Option<usize>,
    /// Number of replies that wait in [`SendLimiter::turn`].
    waiting: AtomicUsize,
    turns: AtomicUsize,
    /// Buckets that the platform blocks until a certain time; `None` stands for all buckets.
    closed: Mutex<HashMap<Option<Bucket>, Instant>>,
}

impl SendLimiter {
    /// Creates a limiter for these rates.
    pub fn new(rates: &Rates) -> Self {
        let keyed = |slower: u32| {
            let limiter = |(burst, every): &(u32, Duration)| {
                RateLimiter::keyed(quota((*burst).div_ceil(slower), *every * slower))
            };
            rates.rooms.iter().map(limiter).collect()
        };
        Self {
            overall: RateLimiter::direct(quota(rates.overall.0, rates.overall.1)),
            rooms: keyed(1),
            progress: keyed(2),
            apart: None,
            waiting: AtomicUsize::new(0),
            turns: AtomicUsize::new(0),
            closed: Mutex::default(),
        }
    }

    /// Exempts buckets of this sort from the overall rate, because the platform counts them
    /// separately.
    pub fn apart(self, sort: usize) -> Self {
        Self {
            apart: Some(sort),
            ..self
        }
    }

    /// Waits until a reply may be sent to this bucket.
    pub async fn turn(&self, bucket: Bucket) {
        let _waiting = WaitingSend::new(&self.waiting);
        loop {
            while let Some(until) = self.closed_until(bucket) {
                tokio::time::sleep_until(until.into()).await;
            }
            if let Some(limiter) = self.rooms.get(bucket.sort) {
                limiter.until_key_ready(&bucket.id).await;
            }
            if !self.is_apart(bucket) {
                self.overall.until_ready().await;
            }
            // The bucket may have been blocked in the meantime.
            if self.closed_until(bucket).is_none() {
                return self.tidy();
            }
        }
    }

    /// Returns whether a progress message may be sent to this bucket now, and counts it if so.
    pub fn may_show_progress(&self, bucket: Bucket) -> bool {
        let free = |limiters: &[DefaultKeyedRateLimiter<i64>]| {
            limiters
                .get(bucket.sort)
                .is_none_or(|limiter| limiter.check_key(&bucket.id).is_ok())
        };
        (self.is_apart(bucket) || self.waiting.load(Ordering::Relaxed) == 0)
            && self.closed_until(bucket).is_none()
            && free(&self.progress)
            && free(&self.rooms)
            && (self.is_apart(bucket) || self.overall.check().is_ok())
    }

    fn is_apart(&self, bucket: Bucket) -> bool {
        self.apart == Some(bucket.sort)
    }

    /// Blocks messages to this bucket, or to all buckets with `None`, for as long as the platform
    /// demands. A shorter block does not end a longer one early.
    pub fn close(&self, bucket: Option<Bucket>, wait: Duration) {
        let until = Instant::now() + wait;
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let end = closed.entry(bucket).or_insert(until);
        *end = until.max(*end);
    }

    fn closed_until(&self, bucket: Bucket) -> Option<Instant> {
        let mut closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        closed.retain(|_, until| *until > now);
        let all = closed.get(&None).filter(|_| !self.is_apart(bucket));
        closed
            .get(&Some(bucket))
            .into_iter()
            .chain(all)
            .max()
            .copied()
    }

    fn tidy(&self) {
        if self.turns.fetch_add(1, Ordering::Relaxed) % TIDY_EVERY == TIDY_EVERY - 1 {
            self.rooms
                .iter()
                .chain(&self.progress)
                .for_each(DefaultKeyedRateLimiter::retain_recent);
        }
    }
}

fn quota(burst: u32, every: Duration) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(every)
        .unwrap_or_else(|| Quota::per_second(burst))
        .allow_burst(burst)
}

struct WaitingSend<'a>(&'a AtomicUsize);

impl<'a> WaitingSend<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for WaitingSend<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn bucket(id: i64) -> Bucket {
        Bucket { sort: 0, id }
    }

    #[tokio::test]
    async fn progress_leaves_capacity_for_the_reply() {
        let send_limiter = SendLimiter::new(&Rates {
            overall: (100, HOUR),
            rooms: vec![(4, HOUR)],
        });
        let shown = (0..10)
            .filter(|_| send_limiter.may_show_progress(bucket(1)))
            .count();
        assert_eq!(shown, 2, "half of the bucket's rate");
        send_limiter.turn(bucket(1)).await;
        send_limiter.turn(bucket(1)).await;
        assert!(
            send_limiter.may_show_progress(bucket(2)),
            "another bucket has its own rate"
        );
    }

    #[tokio::test]
    async fn no_progress_while_a_reply_waits() {
        let send_limiter = std::sync::Arc::new(SendLimiter::new(&Rates {
            overall: (1, HOUR),
            rooms: vec![(9, HOUR)],
        }));
        send_limiter.turn(bucket(1)).await;
        let waiting = tokio::spawn({
            let send_limiter = send_limiter.clone();
            async move { send_limiter.turn(bucket(2)).await }
        });
        while send_limiter.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert!(!send_limiter.may_show_progress(bucket(3)));
        waiting.abort();
    }

    #[tokio::test]
    async fn exempt_buckets_have_only_their_own_rate() {
        let rates = Rates {
            overall: (1, HOUR),
            rooms: vec![(2, HOUR), (2, HOUR)],
        };
        let send_limiter = SendLimiter::new(&rates).apart(1);
        let apart = |id| Bucket { sort: 1, id };
        send_limiter.turn(bucket(1)).await;
        send_limiter.close(None, HOUR);
        send_limiter.turn(apart(1)).await;
        assert!(send_limiter.may_show_progress(apart(2)));
        assert!(!send_limiter.may_show_progress(bucket(2)));
    }

    #[tokio::test]
    async fn a_blocked_bucket_stays_blocked_and_others_stay_open() {
        let send_limiter = SendLimiter::new(&Rates {
            overall: (100, HOUR),
            rooms: vec![(100, HOUR)],
        });
        send_limiter.close(Some(bucket(1)), HOUR);
        send_limiter.close(Some(bucket(1)), Duration::ZERO);
        assert!(!send_limiter.may_show_progress(bucket(1)));
        assert!(send_limiter.may_show_progress(bucket(2)));
        send_limiter.close(None, HOUR);
        assert!(!send_limiter.may_show_progress(bucket(2)));
    }
}
