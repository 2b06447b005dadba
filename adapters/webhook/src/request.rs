//! Steps before a handler runs: accepting the connection, the client's address, the request id,
//! facts about the HTTP request.

mod accept;
mod http_request;
pub(crate) mod proxy_protocol;
pub(crate) mod request_id;

pub(crate) use accept::Prompt;
pub(crate) use http_request::Visited;
