//! Callbacks: lookups whose reply is delivered later, in a signed request to a URL of the caller's
//! (Standard Webhooks).
//!
//! A request is persisted before it is acknowledged, and its reply before the first attempt to
//! deliver it, so the next process resumes after a crash or restart. A reply may therefore arrive
//! twice, always with the same bytes and the same `webhook-id`; it is never lost before its last
//! attempt.
//!
//! Each open delivery is a job on the agenda and a record in the store; it takes no task while it
//! waits. Limits bound the number of open deliveries, of concurrent lookups and attempts, and of
//! attempts to one address, so that slow receivers do not delay deliveries to others. Each attempt
//! is charged by its size to the client and to the receiver's address. No attempts are made to a
//! receiver that has failed for long; what it did not accept can be sent again.

mod accept;
mod attempts;
mod delivery;
mod keeping;
mod lanes;
mod lookups;
mod message;
mod open_deliveries;
mod receivers;
mod schedule;
mod send_again;
mod service;
mod start;
mod target;

pub(crate) use delivery::{DeliveryState, DeliveryStatus};
pub(crate) use keeping::STATE_TROUBLE;
pub(crate) use message::DeliveryMessage;
pub(crate) use send_again::SentAgain;
pub(crate) use service::Callbacks;
pub use target::parse as parse_callback_url;
