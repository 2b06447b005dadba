//! A delivery: its stored form and its public status.

use std::time::Duration;

use data_encoding::BASE32_DNSSEC;
use jiff::Timestamp;
use netvane_core::{Caller, Failure, Input};
use ring::rand::{SecureRandom, SystemRandom};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

/// Largest payload in bytes; of a larger reply only the summary is delivered.
pub(super) const MAX_PAYLOAD: usize = 64 << 10;

/// Attempts of earlier rounds that are still shown when a delivery is sent again.
const SHOWN_ATTEMPTS: usize = 20;

/// A delivery as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Delivery {
    /// Unguessable identifier, also sent as `webhook-id`.
    pub(crate) id: String,
    pub(super) command: String,
    /// URL of the receiver; without its query once the delivery has ended.
    pub(super) url: Url,
    /// The request to look up; `None` once the reply exists.
    pub(super) question: Option<StoredRequest>,
    pub(crate) state: DeliveryState,
    pub(super) created: Timestamp,
    pub(super) attempts: Vec<Attempt>,
    /// `None` until the reply exists, and after the delivery has ended.
    pub(super) next_attempt: Option<Timestamp>,
    /// Most bytes of payload, so that a small request cannot trigger a large one.
    #[serde(default = "most")]
    pub(super) most: usize,
    /// Whether the caller is the operator: then the receiver has no budget.
    #[serde(default)]
    pub(super) own: bool,
    /// The client that is charged for attempts: its credential and address. `None` after the end,
    /// and for deliveries that an older version stored.
    #[serde(default)]
    pub(super) client: Option<Caller>,
    /// Number of attempts that were made before it was sent again.
    #[serde(default)]
    pub(super) earlier_attempts: usize,
    /// Time until which its receiver is disabled, if that ended the delivery.
    #[serde(default)]
    pub(super) disabled_until: Option<Timestamp>,
}

/// Default for deliveries that an older version stored.
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
    /// The callback's URL, shown without its query, which may hold a token.
    callback: Url,
    created: Timestamp,
    attempts: &'a [Attempt],
    /// `null` until the reply exists, and after the delivery has ended.
    next_attempt: Option<Timestamp>,
    /// Time until which no attempts are made to the receiver, because it has failed for long. Set
    /// in the state `disabled`.
    disabled_until: Option<Timestamp>,
    /// URL whose POST sends the delivery again, with the same id and body; `null` if that is not
    /// possible, or not any more.
    send_again: Option<String>,
}

/// The stored request: its input and its caller.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredRequest {
    pub(super) input: Input,
    pub(super) caller: Caller,
}

/// State of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "DeliveryState")]
pub(crate) enum DeliveryState {
    /// Waiting for its lookup.
    Queued,
    // Only shown in the status, never stored.
    /// The lookup is running.
    Running,
    /// The reply exists and is being delivered.
    Delivering,
    /// The receiver accepted it.
    Delivered,
    /// The last attempt failed.
    Failed,
    /// The receiver has failed for long, so no attempts are made to it for a day.
    Disabled,
    /// The receiver replied 410: it wants no more.
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

/// Result of an attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(description = "")]
pub(crate) enum DeliveryResult {
    /// The receiver replied with this status.
    Status(u16),
    /// No reply; the reason why.
    Error(String),
}

impl Delivery {
    /// Drops the request, because the reply exists now, and makes the first attempt due.
    pub(super) fn start_delivery(&mut self) {
        self.question = None;
        self.state = DeliveryState::Delivering;
        self.next_attempt = Some(now());
    }

    /// Returns the time until the next attempt; `None` until the reply exists and after the
    /// delivery has ended. It is never longer than planned, even if the system clock was set back.
    pub(super) fn wait(&self, now: Timestamp) -> Option<Duration> {
        let next = self.next_attempt?;
        let planned_at = self.attempts.last().map_or(self.created, |last| last.at);
        let [left, planned] = [now, planned_at].map(|from| next.duration_since(from));
        Some(Duration::try_from(left.min(planned)).unwrap_or_default())
    }

    /// Number of attempts in the current round.
    pub(super) fn attempts_made(&self) -> usize {
        self.attempts.len().saturating_sub(self.earlier_attempts)
    }

    /// Ends the delivery in this state: no attempt follows.
    pub(super) fn finish(&mut self, state: DeliveryState) {
        self.state = state;
        self.next_attempt = None;
        self.url.set_query(None);
        self.client = None;
    }

    /// Starts a new round of attempts, for this client.
    pub(super) fn restart(&mut self, caller: &Caller) {
        let surplus = self.attempts.len().saturating_sub(SHOWN_ATTEMPTS);
        self.attempts.drain(..surplus);
        self.earlier_attempts = self.attempts.len();
        self.disabled_until = None;
        self.own = caller.own;
        self.client = Some(payer(caller));
        self.start_delivery();
    }

    /// Returns the public status. The URL's query is left out, because it may hold secrets of the
    /// receiver's.
    pub(crate) fn status(&self, can_be_sent_again: bool) -> DeliveryStatus<'_> {
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
            disabled_until: self.disabled_until,
            send_again: can_be_sent_again.then(|| format!("/v1/deliveries/{}/send", self.id)),
        }
    }
}

/// Returns the parts of a caller that are charged for attempts.
pub(super) fn payer(caller: &Caller) -> Caller {
    Caller {
        credential: caller.credential.clone(),
        address: caller.address,
        ..Caller::default()
    }
}

impl DeliveryState {
    /// Whether the delivery has not ended.
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Running | Self::Delivering)
    }

    /// Whether the receiver did not get a delivery that ended so, and may still want it.
    pub(super) fn is_undelivered(self) -> bool {
        matches!(self, Self::Failed | Self::Disabled)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Delivering => "delivering",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Disabled => "disabled",
            Self::Gone => "gone",
        }
    }
}

/// Generates an identifier of 128 random bits. It contains no full stop, because the signed text
/// uses that as its separator.
pub(super) fn id() -> Result<String, Failure> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no random numbers for a delivery");
        Failure::Internal
    })?;
    Ok(format!("dlv_{}", BASE32_DNSSEC.encode(&random)))
}

/// Returns the current time, to the millisecond.
pub(super) fn now() -> Timestamp {
    to_the_millisecond(Timestamp::now())
}

pub(super) fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

#[cfg(test)]
mod tests;
