//! The buckets of the state: what each holds, for how long, how much of it, and what happens when it is full.

use std::time::Duration;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
const MIB: u64 = 1 << 20;

/// A named part of the state with its own bounds.
#[derive(Debug)]
pub struct Bucket {
    /// Name in the database, in `netvane state list` and in exports: `[a-z-]+`.
    pub name: &'static str,
    /// Time after which an entry expires, counted from its last write.
    pub lifetime: Duration,
    /// Upper bound of all entries in bytes, keys included.
    pub max_bytes: u64,
    /// Upper bound of one value in bytes.
    pub max_value: usize,
    /// Which write gives way when the bucket is full.
    pub when_full: WhenFull,
    /// When a write is on disk.
    pub sync: Sync,
}

/// Which write gives way when a bucket is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The new one is refused.
    Refuse,
    /// The entries that expire first are removed.
    DropOldest,
}

/// When a write is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// Before the call returns: the entry survives the end of the process at any moment.
    Always,
    /// Within a quarter of a second, together with others.
    Batched,
}

const fn bucket(
    name: &'static str,
    lifetime_seconds: u64,
    max_bytes: u64,
    max_value: usize,
    when_full: WhenFull,
    sync: Sync,
) -> Bucket {
    Bucket {
        name,
        lifetime: Duration::from_secs(lifetime_seconds),
        max_bytes,
        max_value,
        when_full,
        sync,
    }
}

/// Open callback deliveries. The lifetime exceeds every retry schedule.
pub static CALLBACKS: Bucket = bucket(
    "callbacks",
    365 * DAY,
    256 * MIB,
    256 << 10,
    WhenFull::Refuse,
    Sync::Always,
);

/// Bodies of open deliveries, byte for byte as they are sent.
pub static CALLBACK_PAYLOADS: Bucket = bucket(
    "callback-payloads",
    365 * DAY,
    4096 * MIB,
    2 << 20,
    WhenFull::Refuse,
    Sync::Always,
);

/// Deliveries that have ended, for `GET /v1/deliveries/{id}`.
pub static CALLBACKS_ENDED: Bucket = bucket(
    "callbacks-ended",
    7 * DAY,
    128 * MIB,
    256 << 10,
    WhenFull::DropOldest,
    Sync::Always,
);

/// Deliveries that ended without the receiver's consent, with their bodies, to be sent again on request.
pub static CALLBACKS_UNDELIVERED: Bucket = bucket(
    "callbacks-undelivered",
    7 * DAY,
    256 * MIB,
    512 << 10,
    WhenFull::DropOldest,
    Sync::Always,
);

/// Receivers of callbacks that have failed since their last success.
pub static CALLBACK_RECEIVERS: Bucket = bucket(
    "callback-receivers",
    30 * DAY,
    16 * MIB,
    1 << 10,
    WhenFull::DropOldest,
    Sync::Batched,
);

/// Updates of the chat platforms, each claimed once, with the request that is still open.
pub static CHAT_UPDATES: Bucket = bucket(
    "chat-updates",
    2 * DAY,
    256 * MIB,
    64 << 10,
    WhenFull::DropOldest,
    Sync::Always,
);

/// What the buttons below a reply do.
pub static BUTTONS: Bucket = bucket(
    "buttons",
    7 * DAY,
    128 * MIB,
    64 << 10,
    WhenFull::DropOldest,
    Sync::Batched,
);

/// Pictures and files below a reply, which a press of Refresh edits. They live as long as the buttons.
pub static CHAT_FILES: Bucket = bucket(
    "chat-files",
    7 * DAY,
    16 * MIB,
    1 << 10,
    WhenFull::DropOldest,
    Sync::Batched,
);

/// Prompts for a missing argument that wait for a reply.
pub static PROMPTS: Bucket = bucket(
    "prompts",
    2 * DAY,
    32 * MIB,
    16 << 10,
    WhenFull::DropOldest,
    Sync::Batched,
);

/// Identifiers of signed requests; dropping one early would permit a replay.
pub static SIGNED_REQUESTS: Bucket = bucket(
    "signed-requests",
    15 * MINUTE,
    64 * MIB,
    1 << 10,
    WhenFull::Refuse,
    Sync::Always,
);

/// Signatures of Slack's requests; dropping one early would permit a replay.
pub static SLACK_REQUESTS: Bucket = bucket(
    "slack-requests",
    15 * MINUTE,
    64 * MIB,
    1 << 10,
    WhenFull::Refuse,
    Sync::Always,
);

/// Kept results, by their identifiers. `limits.results_bytes` sets the bound in use.
pub static RESULTS: Bucket = bucket(
    "results",
    30 * DAY,
    1024 * MIB,
    2 << 20,
    WhenFull::Refuse,
    Sync::Always,
);

/// Identifiers of kept results, by the client that keeps them.
pub static RESULT_OWNERS: Bucket = bucket(
    "result-owners",
    30 * DAY,
    32 * MIB,
    256 << 10,
    WhenFull::Refuse,
    Sync::Always,
);

/// Every bucket, in the order of `netvane state list`.
pub static ALL: [&Bucket; 13] = [
    &CALLBACKS,
    &CALLBACK_PAYLOADS,
    &CALLBACKS_ENDED,
    &CALLBACKS_UNDELIVERED,
    &CALLBACK_RECEIVERS,
    &CHAT_UPDATES,
    &BUTTONS,
    &CHAT_FILES,
    &PROMPTS,
    &SIGNED_REQUESTS,
    &SLACK_REQUESTS,
    &RESULTS,
    &RESULT_OWNERS,
];

impl Bucket {
    /// The bucket of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        ALL.into_iter().find(|bucket| bucket.name == name)
    }

    /// Returns the position in [`ALL`].
    pub fn index(&self) -> usize {
        ALL.iter()
            .position(|bucket| bucket.name == self.name)
            .unwrap_or_default()
    }
}
