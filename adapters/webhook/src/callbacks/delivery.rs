//! One delivery: what is stored, and what its status shows.

use std::time::Duration;

use data_encoding::BASE32_DNSSEC;
use jiff::Timestamp;
use netvane_core::{Caller, Failure, Input};
use ring::rand::{SecureRandom, SystemRandom};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Largest payload in bytes; a larger reply is replaced by an error.
pub(super) const MAX_PAYLOAD: usize = 1 << 20;

/// A delivery as the store keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Also the `webhook-id`; unguessable.
    pub(crate) id: String,
    pub(super) command: String,
    /// Where to; without its query when all is over.
    pub(super) url: Url,
    /// Until the reply is there.
    pub(super) question: Option<StoredRequest>,
    pub(crate) state: DeliveryState,
    pub(super) created: Timestamp,
    pub(super) attempts: Vec<Attempt>,
    /// `None` before the reply is there, and when all is over.
    pub(super) next_attempt: Option<Timestamp>,
    /// The most bytes that are delivered: more than that would make a weapon of a small request.
    #[serde(default = "most")]
    pub(super) most: usize,
    /// The operator's own: its receiver has no budget.
    #[serde(default)]
    pub(super) own: bool,
}

/// Of deliveries that an older version wrote down.
fn most() -> usize {
    MAX_PAYLOAD
}

/// Status of a delivery.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Delivery", description = "Status of a callback's delivery.")]
pub(crate) struct DeliveryStatus<'a> {
    id: &'a str,
    state: DeliveryState,
    command: &'a str,
    /// The callback's URL; shown without its query, which may hold a token.
    callback: Url,
    created: Timestamp,
    attempts: &'a [Attempt],
    /// `null` before the reply is there, and when all is over.
    next_attempt: Option<Timestamp>,
}

/// What was asked, and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredRequest {
    pub(super) input: Input,
    pub(super) caller: Caller,
}

/// How far a delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DeliveryState")]
pub(crate) enum DeliveryState {
    /// Waits for its lookup.
    Queued,
    // Only told, never kept.
    /// Is being looked up.
    Running,
    /// The reply is there and is being delivered.
    Delivering,
    /// The receiver took it.
    Delivered,
    /// The last attempt failed.
    Failed,
    /// The receiver said 410: it wants no more.
    Gone,
}

/// One attempt to deliver.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeliveryAttempt")]
pub(crate) struct Attempt {
    pub(super) at: Timestamp,
    #[serde(flatten)]
    pub(super) outcome: DeliveryResult,
    pub(super) elapsed_ms: u64,
}

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "")]
pub(crate) enum DeliveryResult {
    /// The receiver answered with this status.
    Status(u16),
    /// It did not, and why.
    Error(String),
}

impl Delivery {
    /// The reply is there: the question goes, and the first attempt is due.
    pub(super) fn start_delivery(&mut self) {
        self.question = None;
        self.state = DeliveryState::Delivering;
        self.next_attempt = Some(now());
    }

    /// How long the next attempt is still off; `None` before the reply is there, and when all is over. However the
    /// clock was set meanwhile, never longer than was planned.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let next = self.next_attempt?;
        let planned_at = self.attempts.last().map_or(self.created, |last| last.at);
        let [left, planned] = [now, planned_at].map(|from| next.duration_since(from));
        Some(Duration::try_from(left.min(planned)).unwrap_or_default())
    }

    /// Ends the delivery in this state: no attempt follows.
    pub(super) fn finish(&mut self, state: DeliveryState) {
        self.state = state;
        self.next_attempt = None;
        self.url.set_query(None);
    }

    /// Its status. A URL's query may hold secrets of the receiver's, so it is left out.
    pub(crate) fn status(&self) -> DeliveryStatus<'_> {
        let mut callback = self.url.clone();
        callback.set_query(None);
        DeliveryStatus {
            id: &self.id,
            state: self.state,
            command: &self.command,
            callback,
            created: self.created,
            attempts: &self.attempts,
            next_attempt: self.next_attempt,
        }
    }
}

impl DeliveryState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Delivering => "delivering",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Gone => "gone",
        }
    }
}

/// A new name, of 128 random bits. It holds no full stop: the signed text is joined with them.
pub(super) fn id() -> Result<String, Failure> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no random numbers for a delivery");
        Failure::Internal
    })?;
    Ok(format!("dlv_{}", BASE32_DNSSEC.encode(&random)))
}

/// The current time, to the millisecond.
pub(super) fn now() -> Timestamp {
    to_the_millisecond(Timestamp::now())
}

pub(super) fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
