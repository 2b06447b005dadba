//! Access rules, rate limits and the audit log.

pub(crate) mod audit;
pub(crate) mod rate_limits;
pub(crate) mod rules;
