//! Several replicas at real NATS servers, one and a cluster of three. Needs the program: see `tests/lab/nats.sh`.

mod jobs;
mod replica;
mod roles;
mod servers;
mod values;
