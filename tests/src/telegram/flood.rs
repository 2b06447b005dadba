//! Flood control: buckets that fill with time, and who has to wait.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::refusal::Refusal;

/// Requests that were on their way when the refusal left are nobody's fault; on a busy machine that takes a while.
pub const ON_THE_WAY: Duration = Duration::from_millis(500);

/// How much the platform takes. The defaults are its own.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages and edits a second in one chat, after the burst.
    pub chat_per_second: f64,
    /// Messages and edits at once in one chat, and edits at once of one message.
    pub burst: f64,
    /// Messages and edits a minute in one group or channel.
    pub group_per_minute: f64,
    /// Messages and edits a second in all chats.
    pub total_per_second: f64,
    /// Edits a second of one message, after the burst.
    pub edits_per_second: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chat_per_second: 1.0,
            burst: 3.0,
            group_per_minute: 20.0,
            total_per_second: 30.0,
            edits_per_second: 1.0,
        }
    }
}

impl Limits {
    /// The platform's own, so many times as fast.
    pub fn times(factor: f64) -> Self {
        let own = Self::default();
        Self {
            chat_per_second: own.chat_per_second * factor,
            burst: own.burst,
            group_per_minute: own.group_per_minute * factor,
            total_per_second: own.total_per_second * factor,
            edits_per_second: own.edits_per_second * factor,
        }
    }

    /// No flood control, for tests of other things.
    pub fn none() -> Self {
        Self {
            burst: 1e9,
            ..Self::times(1e9)
        }
    }
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Limits {
    /// Buckets that a message to a chat, or an edit in it, takes from: name, tokens per second, size.
    fn buckets(self, chat: i64, edited: Option<&str>) -> Vec<(String, f64, f64)> {
        let mut wanted = vec![(
            "total".to_owned(),
            self.total_per_second,
            self.total_per_second,
        )];

        if chat != 0 {
            wanted.push((format!("chat {chat}"), self.chat_per_second, self.burst));
        }

        if chat < 0 {
            wanted.push((
                format!("group {chat}"),
                self.group_per_minute / 60.0,
                self.group_per_minute,
            ));
        }

        if let Some(message) = edited {
            wanted.push((
                format!("message {chat} {message}"),
                self.edits_per_second,
                self.burst,
            ));
        }

        wanted
    }
}

/// Who sent how much.
#[derive(Default)]
pub(super) struct Flood {
    pub limits: Limits,
    buckets: HashMap<String, Bucket>,
    /// By chat: when a refusal left, and until when nothing may be sent.
    pauses: HashMap<i64, (Instant, Instant)>,
}

impl Flood {
    /// Takes one message to a chat, or one edit in it; the second part says that the bot did not wait.
    pub(super) fn take(&mut self, chat: i64, edited: Option<&str>) -> Result<(), (Refusal, bool)> {
        let now = Instant::now();
        let pause = self.pauses.get(&chat).copied();

        if let Some((since, until)) = pause.filter(|(_, until)| now < *until) {
            return Err((
                Refusal::flood(whole_seconds(until - now)),
                now - since > ON_THE_WAY,
            ));
        }
        let wanted = self.limits.buckets(chat, edited);

        let wait = wanted
            .iter()
            .map(|(name, rate, size)| self.missing(name, *rate, *size, now))
            .fold(0.0, f64::max);

        if wait > 0.0 {
            let seconds = whole_seconds(Duration::from_secs_f64(wait));
            self.pause(chat, seconds);
            return Err((Refusal::flood(seconds), false));
        }

        for (name, ..) in &wanted {
            if let Some(bucket) = self.buckets.get_mut(name) {
                bucket.tokens -= 1.0;
            }
        }

        Ok(())
    }

    /// Nothing may be sent to a chat for so long.
    pub(super) fn pause(&mut self, chat: i64, seconds: u64) {
        let now = Instant::now();
        self.pauses
            .insert(chat, (now, now + Duration::from_secs(seconds)));
    }

    /// Seconds until a bucket holds one token.
    fn missing(&mut self, name: &str, rate: f64, size: f64, now: Instant) -> f64 {
        let bucket = self.buckets.entry(name.to_owned()).or_insert(Bucket {
            tokens: size,
            filled: now,
        });
        let gained = now.duration_since(bucket.filled).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + gained).min(size);
        bucket.filled = now;
        if bucket.tokens >= 1.0 {
            0.0
        } else {
            (1.0 - bucket.tokens) / rate
        }
    }
}

/// The platform speaks of whole seconds, at least one.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.is_zero()))
}
