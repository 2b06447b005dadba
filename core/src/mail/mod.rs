//! What is known about mail beyond the wire.

pub(crate) mod provider;
