//! What comes before a handler: the connection, who opened it, the request id, the facts of the HTTP request.

mod accept;
mod http_request;
pub(crate) mod proxy_protocol;
pub(crate) mod request_id;

pub(crate) use accept::Prompt;
pub(crate) use http_request::Visited;
