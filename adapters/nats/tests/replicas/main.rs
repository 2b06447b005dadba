//! Several replicas at real NATS servers, one and a cluster of three. Needs the program: see `tests/lab/nats.sh`.

#![expect(
    clippy::disallowed_methods,
    reason = "looks for free ports, and whether servers listen"
)]

mod jobs;
mod replica;
mod roles;
mod servers;
mod values;
