//! Attacks on a service with default settings from many addresses, in a network of its own that
//! `attack/run` makes. Each test prints what it measured and fails when a limit is exceeded.
//!
//! Limits are bytes, counts or an order; of times, only the ratio to a quiet run of the same process
//! or three times what is promised.

mod callbacks;
mod connections;
mod deliveries;
mod figures;
mod key_trap;
mod memory;
mod mix;
mod network;
mod origin;
mod secrets;
mod streams;
mod third_parties;
mod timed;
