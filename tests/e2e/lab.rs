//! Tests with real servers in network namespaces; see tests/lab.

mod api;
mod browser;
mod chats;
mod delegation;
mod dns;
mod faults;
mod mail;
mod mail_policies;
mod mail_traces;
mod nats;
mod proxies;
mod records;
mod resolvers;
mod route;
mod route_rounds;
mod spending;
mod tls;
mod tls_mail;
