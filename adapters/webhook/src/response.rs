//! What responses of all paths have in common.

mod form;
pub(crate) mod http_cache;
pub(crate) mod problem;

pub(crate) use form::Form;
