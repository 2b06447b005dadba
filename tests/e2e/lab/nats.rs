//! Hubs and agents at real NATS servers.

mod faults;
mod forged;
mod program;
mod questions;
mod site;
