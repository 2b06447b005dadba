//! JSON Schema of the sections, whose data is built as JSON. Values of these types are never made.

#![expect(dead_code, reason = "describes JSON")]

use netvane_net::tls_check::DaneState;
use schemars::JsonSchema;

use super::{certificates::Server, section::SectionState};
use crate::{blocklist::Listing, commands::address::reverse::AddressNames};

/// A section with the data of a command, which is absent if a lookup failed.
#[derive(JsonSchema)]
pub(super) struct Described<T> {
    state: SectionState,
    /// The result in one sentence; empty while lookups are running.
    summary: String,
    #[serde(flatten)]
    data: Option<T>,
}

/// STARTTLS and certificates of the mail servers.
#[derive(JsonSchema)]
pub(super) struct Starttls {
    /// Mail servers that were contacted.
    servers: Vec<Server>,
}

/// TLSA records of all mail servers.
#[derive(JsonSchema)]
pub(super) struct Dane {
    /// Mail servers whose records were looked up.
    servers: Vec<DaneServer>,
}

/// TLSA records of a mail server.
#[derive(JsonSchema)]
struct DaneServer {
    /// Name of the mail server.
    exchange: String,
    /// TLSA records for its port 25 in presentation format.
    records: Vec<String>,
    /// The records were validated with DNSSEC.
    authenticated: bool,
    /// Whether the certificate agrees with them; `null` if that cannot be said.
    state: Option<DaneState>,
}

/// The BIMI record of the domain.
#[derive(JsonSchema)]
pub(super) struct Bimi {
    /// The record as published.
    record: String,
    /// URL of the logo (`l=`).
    logo: Option<String>,
    /// URL of the certificate (`a=`).
    certificate: Option<String>,
}

/// Reverse names of the addresses that send mail.
#[derive(JsonSchema)]
pub(super) struct Reverse {
    /// Addresses with their names.
    addresses: Vec<AddressNames>,
}

/// What blocklists say about the domain and its addresses.
#[derive(JsonSchema)]
pub(super) struct Blocklist {
    /// The addresses and the domain that were looked up.
    targets: Vec<Target>,
}

/// What blocklists say about an address or the domain.
#[derive(JsonSchema)]
struct Target {
    /// The address or the domain.
    target: String,
    /// What the target is, `ip` or `domain`.
    kind: String,
    /// Number of lists that list the target.
    listed: usize,
    /// Number of lists that gave an answer.
    checked: usize,
    /// Lists that list the target.
    lists: Vec<Listing>,
}
