//! Hubs and agents at real NATS servers.

mod faults;
mod forged;
mod packets;
mod places;
mod program;
mod questions;
mod replicas;
mod site;
