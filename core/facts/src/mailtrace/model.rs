//! What a trace says: the contract's `trace_mail` data without places and networks, and what is left to look up.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use super::received::Tls;

/// The reading of one message.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Trace {
    /// The `From` field, decoded: the author that the message names.
    pub from: Option<String>,
    /// The subject, decoded.
    pub subject: Option<String>,
    /// The `Date` field, RFC 3339 in UTC; as written where it cannot be read.
    pub date: Option<String>,
    /// The message's identifier without angle brackets.
    pub message_id: Option<String>,
    /// Every hand-over, from the sender to the reader.
    pub hops: Vec<Hop>,
    /// Where belief ends.
    pub boundary: Boundary,
    /// Where it came from.
    pub origin: Origin,
    /// Addresses that others name, none of them proven.
    pub claims: Vec<Claim>,
    /// What the reader's own server found, unverified.
    pub authentication: Authentication,
    /// What does not fit.
    pub anomalies: Vec<Anomaly>,
    /// What can be checked by looking it up.
    pub verify: Verify,
    /// What was left out or mended in the input.
    pub notes: Vec<String>,
}

/// One `Received` line.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Hop {
    /// 1 for the line nearest to the sender.
    pub index: usize,
    /// The client's name; see `Received::client_host`.
    pub from_host: Option<String>,
    /// What the client called itself.
    pub helo: Option<String>,
    /// What the server found for the client's address.
    pub rdns: Option<String>,
    /// The client's address as the server saw it.
    pub from_address: Option<IpAddr>,
    /// The server that wrote the line.
    pub by: Option<String>,
    /// The protocol as written, e.g. `ESMTPS`.
    pub protocol: Option<String>,
    /// Encryption, `null` when none is told.
    pub tls: Option<Tls>,
    /// The server's name for the message.
    pub id: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: Option<String>,
    /// Seconds since the hop before; negative where clocks disagree.
    pub delay_seconds: Option<i64>,
    /// Written on the reader's side of the boundary.
    pub trusted: bool,
    /// The class of `from_address`, as in `geo`.
    pub scope: Option<String>,
}

/// How the boundary is known.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum BoundaryKind {
    /// The operator named the trusted relays.
    Configured,
    /// Taken from the topmost lines.
    Inferred,
    /// Nothing to go by.
    #[default]
    None,
}

/// Where belief ends.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Boundary {
    /// How it is known.
    pub kind: BoundaryKind,
    /// The hop across it: the last one that is believed.
    pub hop: Option<usize>,
    /// The same in a sentence.
    pub text: String,
}

/// How far the origin can be believed.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A trusted server saw this address.
    Fact,
    /// Somebody else says so.
    Claimed,
    /// Nothing is known.
    #[default]
    None,
}

/// Where the message came from.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Origin {
    /// The address.
    pub address: Option<IpAddr>,
    /// Its name: looked up by the server where it did, else the client's greeting.
    pub host: Option<String>,
    /// How far it can be believed.
    pub confidence: Confidence,
    /// Who says so.
    pub evidence: String,
}

/// An address that somebody names.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Claim {
    /// The field's name.
    pub source: String,
    /// The hop, for claims of `Received` lines.
    pub hop: Option<usize>,
    /// The address.
    pub address: IpAddr,
    /// The name beside it.
    pub host: Option<String>,
    /// The class of the address.
    pub scope: String,
}

/// Something that does not fit.
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// The hop it was seen at; `null` for the whole message.
    pub hop: Option<usize>,
    /// What it is.
    pub text: String,
}

/// One check's outcome.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// RFC 8601's word: `pass`, `fail`, `softfail`, `none`, …; `null` when nobody trusted says.
    pub result: Option<String>,
    /// Checked here. Never, by this module.
    pub verified: bool,
    /// Who says so and about what.
    pub detail: String,
}

/// One signature.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct Dkim {
    /// As in [`Outcome`].
    pub result: Option<String>,
    /// Checked here.
    pub verified: bool,
    /// Who says so and about what.
    pub detail: String,
    /// The signing domain, `d=`.
    pub domain: Option<String>,
    /// The key's name, `s=`.
    pub selector: Option<String>,
    /// The algorithm, `a=`.
    pub algorithm: Option<String>,
}

/// What the reader's own server found.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Authentication {
    /// Was the address allowed to send for the envelope's domain?
    pub spf: Outcome,
    /// One entry a signature.
    pub dkim: Vec<Dkim>,
    /// Does one of them stand for the author's domain?
    pub dmarc: Outcome,
    /// The chain of forwarders (RFC 8617).
    pub arc: Outcome,
    /// The server whose results these are.
    pub authserv_id: Option<String>,
}

/// What the caller can look up.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Verify {
    /// For SPF: only with an address that is a fact.
    pub spf: Option<SpfInput>,
    /// For DMARC: the domain of the `From` field.
    pub from_domain: Option<String>,
    /// Signatures are there, and the message with its body: [`super::signed`] gives the bytes.
    pub dkim: bool,
    /// A chain of forwarders is there, with its body.
    pub arc: bool,
}

/// What SPF is asked about (RFC 7208 §4.1).
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
pub struct SpfInput {
    /// The client.
    pub address: IpAddr,
    /// The envelope's sender; empty for the null sender.
    pub mail_from: String,
    /// The client's greeting.
    pub helo: Option<String>,
    /// The server that received it.
    pub by: Option<String>,
}
