//! Attacks of which times are measured, so that they must run alone.

mod fairness;
mod processor;
