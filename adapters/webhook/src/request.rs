//! What comes before a handler: the connection, who opened it, the request id, the facts of the HTTP request.

mod accept;
pub(crate) mod named;
pub(crate) mod proxied;
mod visit;

pub(crate) use accept::Prompt;
pub(crate) use visit::Visited;
