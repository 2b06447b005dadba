//! Callbacks: questions that are answered later, with a signed request to a URL of the caller's (Standard Webhooks).
//!
//! A question is on disk before it is acknowledged, and its reply before it is first sent: whatever ends this process,
//! the next one goes on. So a reply may arrive twice, always with the same bytes and the same `webhook-id`; it never
//! gets lost before its last attempt.
//!
//! Each open delivery is a task that mostly sleeps. What it costs others is bounded: so many open, so many lookups and
//! attempts at a time, and of those so few to one host that a dead one holds up nobody else.

mod accept;
mod carry;
mod delivery;
mod hosts;
mod keeping;
mod message;
mod schedule;
mod service;
mod start;
mod target;

pub(crate) use delivery::{DeliveryState, DeliveryStatus};
pub(crate) use keeping::STATE_TROUBLE;
pub(crate) use message::Message;
pub(crate) use service::Callbacks;
