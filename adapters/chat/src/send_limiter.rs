//! Send rate limits of a platform, per conversation and in total.
//!
//! Replies wait for their turn; progress is shown only where nothing waits, and at half the pace, so that there is
//! always room left for the reply.

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

/// Rooms that are looked through for those that were quiet for long.
const TIDY_EVERY: usize = 4096;

/// Where messages are counted together: a chat, a channel, a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bucket {
    /// Index into the platform's [`Rates::rooms`].
    pub sort: usize,
    /// The platform's number for it.
    pub id: i64,
}

/// What a platform allows: so many, then one each time this has passed.
#[derive(Debug, Clone)]
pub struct Rates {
    /// Messages per period over all chats together.
    pub overall: (u32, Duration),
    /// One room, by its sort.
    pub rooms: Vec<(u32, Duration)>,
}

/// Enforces the platform's send rates.
pub struct SendLimiter {
    overall: DefaultDirectRateLimiter,
    rooms: Vec<DefaultKeyedRateLimiter<i64>>,
    progress: Vec<DefaultKeyedRateLimiter<i64>>,
    /// The sort of rooms that do not count towards all together.
    apart: Option<usize>,
    /// Replies that wait for their turn.
    waiting: AtomicUsize,
    turns: AtomicUsize,
    /// Rooms that the platform has closed for a while; `None` stands for all of them.
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

    /// Rooms of this sort have only their own rate, which the platform does not count towards all together.
    pub fn apart(self, sort: usize) -> Self {
        Self {
            apart: Some(sort),
            ..self
        }
    }

    /// Waits until a reply may be sent to this room.
    pub async fn turn(&self, bucket: Bucket) {
        let _waiting = Waiting::new(&self.waiting);
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
            // It may have been closed while this one waited.
            if self.closed_until(bucket).is_none() {
                return self.tidy();
            }
        }
    }

    /// Whether progress may be shown in this room now.
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

    /// The platform asks for silence: in this room, or with `None` everywhere.
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

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
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
    async fn progress_leaves_room_for_the_reply() {
        let send_limiter = SendLimiter::new(&Rates {
            overall: (100, HOUR),
            rooms: vec![(4, HOUR)],
        });
        let shown = (0..10)
            .filter(|_| send_limiter.may_show_progress(bucket(1)))
            .count();
        assert_eq!(shown, 2, "half of what the room allows");
        send_limiter.turn(bucket(1)).await;
        send_limiter.turn(bucket(1)).await;
        assert!(
            send_limiter.may_show_progress(bucket(2)),
            "another room has its own pace"
        );
    }

    #[tokio::test]
    async fn progress_waits_for_nothing_while_a_reply_waits() {
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
    async fn rooms_apart_have_only_their_own_rate() {
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
    async fn a_closed_room_stays_closed_and_the_others_open() {
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
