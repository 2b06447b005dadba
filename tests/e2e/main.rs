//! The built program, driven from outside as its users drive it.

mod callbacks;
mod data_update;
mod discord;
mod discord_fake;
mod grammar;
mod help;
mod hostile_dns;
mod http;
mod http_bad_input;
mod http_engine;
mod lab_chats;
mod lab_dns;
mod lab_mail;
mod lab_mail_traces;
mod lab_proxies;
mod lab_records;
mod lab_resolvers;
mod lab_route;
mod lookups;
mod policy;
mod settings;
mod telegram;
mod telegram_fake;
mod telemetry;
mod terminal;
