//! Steps before a handler runs: the first bytes of the connection, the client's address, the request id,
//! facts about the HTTP request.

mod begin;
mod http_request;
mod opening;
pub(crate) mod proxy_protocol;
pub(crate) mod request_id;

pub(crate) use begin::begin;
pub(crate) use http_request::{Visited, http_request};
pub(crate) use opening::{Opening, read_opening};
