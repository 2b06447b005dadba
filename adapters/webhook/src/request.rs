//! What comes before a handler: the connection, who opened it, the name of the request, the request as a fact.

mod accept;
pub(crate) mod named;
pub(crate) mod proxied;
mod visit;

pub(crate) use accept::Prompt;
pub(crate) use visit::Visited;
