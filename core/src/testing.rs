//! Support for the tests of this crate and of the adapters; no program has it.

pub mod adversarial;
#[cfg(test)]
pub(crate) mod dns;
