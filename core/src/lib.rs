//! Netvane's command engine: runs command lines and named commands, and returns data and documents.
//!
//! [`Engine::ask`] handles a request from start to end. Adapters translate what they receive into a
//! [`Request`] and render the [`Reply`]; this crate contains nothing specific to a chat platform's
//! API.

pub mod args;
mod blocklist;
pub mod command;
mod commands;
mod credential;
pub mod data_files;
mod engine;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod internal;
mod mailbox_check;
mod platform;
mod policy;
pub mod request;
mod runtime;
pub mod settings;
pub mod spec;
pub mod store;
mod suggest;
#[cfg(test)]
mod testing;
pub mod vantage;

pub use commands::registry;
pub use engine::{
    Engine, KeptResult, ShownResult,
    one_time_links::{OneTimeLinks, Waiting},
};
pub use health::{Adapters, Health};
pub use netvane_document as document;
pub use netvane_document::{Failure, Missing, Problem, ProblemCode, Reply, UsageError, UsageKind};
pub use netvane_facts as facts;
pub use netvane_net as net;
pub use platform::Platform;
pub use request::{Caller, Credential, Input, Request, Stop};
pub use runtime::Runtime;
pub use suggest::nearest;
