//! Vantage points over NATS: agents that run lookups, and hubs that ask them. And the state that several replicas share.
//!
//! The only crate that knows the NATS client. The engine sees a hub as its
//! [`Agents`](netvane_core::vantage::Agents); an agent is an engine that is asked over NATS instead of by a user.

mod agenda;
pub mod agent;
mod caller;
mod connect;
mod directory;
mod hub;
mod key;
mod messages;
pub mod metrics;
mod new;
mod roles;
mod state;
mod subjects;
mod version;

pub use connect::{Link, Role, StartError};
pub use hub::Hub;
pub use new::{NewUser, NewUserError};
pub use state::State;

/// Name of the adapter in the log, in `/readyz` and in the metrics.
pub(crate) const NAME: &str = "nats";
