//! Hubs and agents at real NATS servers.

mod forged;
mod program;
mod questions;
mod site;
