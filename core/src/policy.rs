//! Who may ask what, how often, and what is written down of it.

pub(crate) mod audit;
pub(crate) mod rate_limits;
pub(crate) mod rules;
