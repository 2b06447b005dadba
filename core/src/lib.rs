//! Netvane's command engine: a line or a named command in, data and a document out.
//!
//! [`Engine::ask`] is the whole way of a request. Adapters translate what they receive into a
//! [`Request`] and render the [`Reply`]; nothing in here knows a chat platform.

mod access;
mod adapters;
pub mod args;
mod audit;
mod cache;
pub mod command;
mod commands;
pub mod complete;
mod context;
mod countries;
pub mod document;
mod engine;
mod failure;
mod flight;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod geo;
mod grammar;
#[cfg(any(test, feature = "testing"))]
#[doc(hidden)]
pub mod hostile;
pub mod keys;
mod limits;
mod links;
mod mail;
mod mailtrace;
mod meters;
pub mod net;
mod ports;
pub mod registration;
pub mod render;
mod reply;
mod request;
pub mod scope;
pub mod settings;
mod spelling;
pub mod store;
pub mod targets;
#[cfg(test)]
mod test_dns;
pub mod ua;
pub mod visit;

pub use adapters::{Adapters, Health};
pub use context::Context;
pub use engine::Engine;
pub use failure::{Failure, Missing, Position, Problem, ProblemCode, UsageError, UsageKind};
pub use links::{Links, Waiting};
pub use reply::{Rendition, Reply};
pub use request::{Caller, Input, Request};
