//! What responses of all paths have in common.

pub(crate) mod caching;
mod form;
pub(crate) mod problem;

pub(crate) use form::Form;
