//! Parsers and tables without I/O: text or bytes in, facts out. Nothing here uses the network.

pub mod certificate;
pub mod continents;
pub mod countries;
pub mod geo;
pub mod ip_class;
pub mod mac;
pub mod mailpolicy;
pub mod mailtrace;
pub mod ports;
pub mod registration;
pub mod target;
pub mod ua;
pub mod web;
