//! Support for the tests of this crate; no program has it.

pub(crate) mod dns;
pub(crate) mod read_back;
