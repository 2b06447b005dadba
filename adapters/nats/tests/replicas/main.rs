//! Several replicas at real NATS servers, one and a cluster of three. `NATS_SERVER` names the program.

mod jobs;
mod replica;
mod roles;
mod servers;
mod values;
