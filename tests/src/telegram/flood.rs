//! Flood control: token buckets, and detection of bots that do not wait.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::refusal::Refusal;

/// Grace period for requests that were already on their way when a refusal was sent; generous for a
/// busy machine.
pub const ON_THE_WAY: Duration = Duration::from_millis(500);

/// Limits of the platform. The defaults are its real ones.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages and edits per second in one chat, after the burst.
    pub chat_per_second: f64,
    /// Burst of messages and edits in one chat, and of edits of one message.
    pub burst: f64,
    /// Messages and edits per minute in one group or channel.
    pub group_per_minute: f64,
    /// Messages and edits per second in all chats.
    pub total_per_second: f64,
    /// Edits per second of one message, after the burst.
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
    /// Returns the platform's limits, multiplied by this factor.
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

    /// Disables flood control, for tests of other things.
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
    /// Returns the buckets that a message or an edit in a chat takes from: name, tokens per second,
    /// size.
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

/// State of the flood control.
#[derive(Default)]
pub(super) struct Flood {
    pub limits: Limits,
    buckets: HashMap<String, Bucket>,
    /// By chat: when a refusal was sent, and until when nothing may be sent.
    pauses: HashMap<i64, (Instant, Instant)>,
}

impl Flood {
    /// Takes tokens for one message or one edit in a chat; the flag of an error says that the bot
    /// did not wait.
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

    /// Forbids sending to a chat for this long.
    pub(super) fn pause(&mut self, chat: i64, seconds: u64) {
        let now = Instant::now();
        self.pauses
            .insert(chat, (now, now + Duration::from_secs(seconds)));
    }

    /// Returns the seconds until a bucket holds one token.
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

/// Rounds up to whole seconds, at least one, as the platform does.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0).max(u64::from(wait.is_zero()))
}
