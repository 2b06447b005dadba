//! Rate limits: buckets, header fields, and detection of clients that do not wait.

use std::{
    collections::HashMap,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Grace period for requests that were already on their way when the limit was reported; generous
/// for a busy machine.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// The rate limit bucket of a route.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    /// Identifies the bucket; includes the channel or the token.
    pub key: String,
    pub limit: u32,
    pub period: Duration,
    /// Whether requests also count towards the global limit.
    pub global: bool,
}

/// The number of requests per bucket, and the waits in force.
#[derive(Default)]
pub(crate) struct Rates {
    windows: HashMap<String, (Instant, u32)>,
    waits: HashMap<String, Wait>,
}

struct Wait {
    told: Instant,
    until: Instant,
    /// The request that was refused first.
    request: String,
}

/// A response with status 429.
#[derive(Clone, Debug)]
pub(crate) struct Limited {
    pub retry_after: Duration,
    pub global: bool,
    /// Whether the bot ignored an earlier wait.
    pub violated: bool,
}

const GLOBAL: &str = "global";

impl Rates {
    /// Counts a request, or refuses it.
    pub(crate) fn count(&mut self, bucket: Option<&Bucket>, request: &str) -> Result<(), Limited> {
        let now = Instant::now();
        let global = bucket.is_none_or(|bucket| bucket.global);
        if global {
            self.window(GLOBAL, 50, Duration::from_secs(1), request, now)
                .map_err(|limited| Limited {
                    global: true,
                    ..limited
                })?;
        }
        bucket.map_or(Ok(()), |bucket| {
            self.window(&bucket.key, bucket.limit, bucket.period, request, now)
        })
    }

    fn window(
        &mut self,
        key: &str,
        limit: u32,
        period: Duration,
        request: &str,
        now: Instant,
    ) -> Result<(), Limited> {
        if let Some(wait) = self.waits.get(key) {
            if now < wait.until {
                let violated = wait.request == request || now > wait.told + ON_THE_WAY;
                return Err(Limited {
                    retry_after: wait.until - now,
                    global: false,
                    violated,
                });
            }
            self.waits.remove(key);
        }

        let (start, count) = self.windows.entry(key.to_owned()).or_insert((now, 0));
        if now >= *start + period {
            (*start, *count) = (now, 0);
        }

        if *count < limit {
            *count += 1;
            return Ok(());
        }

        let retry_after = *start + period - now;
        self.wait(key, retry_after, request);

        Err(Limited {
            retry_after,
            global: false,
            violated: false,
        })
    }

    /// Applies a rate limit that a test requested.
    pub(crate) fn flood(
        &mut self,
        bucket: Option<&Bucket>,
        request: &str,
        global: bool,
        retry_after: Duration,
    ) {
        // A route without a bucket delays only itself.
        let own = bucket.map_or_else(|| request.to_owned(), |bucket| bucket.key.clone());
        self.wait(if global { GLOBAL } else { &own }, retry_after, request);
    }

    /// Whether a route without a bucket has to wait.
    pub(crate) fn waits(&mut self, request: &str) -> Result<(), Limited> {
        self.window(
            request,
            u32::MAX,
            Duration::from_secs(1),
            request,
            Instant::now(),
        )
    }

    fn wait(&mut self, key: &str, retry_after: Duration, request: &str) {
        let told = Instant::now();
        let wait = Wait {
            told,
            until: told + retry_after,
            request: request.to_owned(),
        };
        self.waits.insert(key.to_owned(), wait);
    }

    /// Returns the `X-RateLimit-*` fields of a response.
    pub(crate) fn headers(&self, bucket: &Bucket) -> Vec<(&'static str, String)> {
        let now = Instant::now();
        let (start, count) = self.windows.get(&bucket.key).copied().unwrap_or((now, 0));
        let end = self
            .waits
            .get(&bucket.key)
            .map_or(start + bucket.period, |wait| wait.until);
        let left = end.saturating_duration_since(now);
        let reset = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            + left;

        vec![
            ("x-ratelimit-limit", bucket.limit.to_string()),
            (
                "x-ratelimit-remaining",
                bucket.limit.saturating_sub(count).to_string(),
            ),
            ("x-ratelimit-reset", format!("{:.3}", reset.as_secs_f64())),
            (
                "x-ratelimit-reset-after",
                format!("{:.3}", left.as_secs_f64()),
            ),
            (
                "x-ratelimit-bucket",
                bucket.key.split(':').next().unwrap_or_default().to_owned(),
            ),
        ]
    }
}
