//! Response formats, caching and error documents that all paths share.

mod form;
pub(crate) mod http_cache;
pub(crate) mod problem;

pub(crate) use form::Form;
