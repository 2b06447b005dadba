//! Access rules, rate limits and the audit log.

pub(crate) mod audit;
pub(crate) mod fair_slots;
pub(crate) mod proxied_peers;
pub(crate) mod rate_limits;
pub(crate) mod rules;
