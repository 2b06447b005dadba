//! Test support for this crate; not part of any program.

pub(crate) mod dns;
pub(crate) mod read_back;
