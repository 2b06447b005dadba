//! Tests of the built program from outside, as its users run it.

mod chats;
mod cities;
mod data_update;
mod faults;
mod grammar;
mod help;
mod hostile_dns;
mod http;
mod lab;
mod lookups;
mod policy;
mod secrets;
mod settings;
mod state;
mod telemetry;
mod terminal;
mod words;
