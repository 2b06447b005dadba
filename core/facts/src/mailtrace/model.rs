//! The result of a trace: the `trace_mail` data without locations and networks, and the checks that need the network.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::received::ReceivedTls;

/// The reading of one message.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Trace {
    /// The decoded `From` field: the author according to the message.
    pub from: Option<String>,
    /// The subject, decoded per RFC 2047.
    pub subject: Option<String>,
    /// The `Date` field, RFC 3339 in UTC; as written where it cannot be read.
    pub date: Option<String>,
    /// The message's identifier without angle brackets.
    pub message_id: Option<String>,
    /// All hops, from the sender to the recipient.
    pub hops: Vec<MailHop>,
    /// The trust boundary: up to which hop the headers are trusted.
    pub boundary: Boundary,
    /// Where the message came from, and how certain that is.
    pub origin: Origin,
    /// Source addresses from untrusted headers, all unverified.
    pub claims: Vec<Claim>,
    /// SPF, DKIM, DMARC and ARC results of the recipient's server, not checked again.
    pub authentication: Authentication,
    /// Contradictions and irregularities in the headers.
    pub anomalies: Vec<Anomaly>,
    /// What can be verified with DNS lookups.
    pub verify: Verify,
    /// What was omitted or repaired in the input.
    pub notes: Vec<String>,
}

/// What one `Received` field says about the hop.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct MailHop {
    /// 1 for the line nearest to the sender.
    pub index: usize,
    /// The client's name: its HELO name, or its reverse DNS name if the HELO name is an address, has no
    /// dot or is missing.
    pub from_host: Option<String>,
    /// The name that the client sent with HELO or EHLO.
    pub helo: Option<String>,
    /// The reverse DNS name that the server found for the client's address.
    pub rdns: Option<String>,
    /// The client's address as the server saw it.
    pub from_address: Option<IpAddr>,
    /// The server that wrote the line.
    pub by: Option<String>,
    /// The protocol as written, e.g. `ESMTPS`.
    pub protocol: Option<String>,
    /// TLS parameters; `null` when the line mentions no encryption.
    pub tls: Option<ReceivedTls>,
    /// The queue ID that the server gave the message.
    pub id: Option<String>,
    /// When the server wrote the line, RFC 3339 in UTC.
    pub at: Option<String>,
    /// Seconds since the hop before; negative where clocks disagree.
    pub delay_seconds: Option<i64>,
    /// Whether the line is within the trust boundary.
    pub trusted: bool,
    /// The class of `from_address`, as in `geo`.
    pub scope: Option<String>,
}

/// How the trust boundary was determined.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum BoundaryKind {
    /// From the configured trusted relays.
    Configured,
    /// Inferred from the topmost lines.
    Inferred,
    /// Unknown, because there is no `Received` line.
    #[default]
    None,
}

/// The trust boundary: up to which hop the headers are trusted.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Boundary {
    /// How the boundary was determined.
    pub kind: BoundaryKind,
    /// The last trusted hop, which crosses the boundary.
    pub hop: Option<usize>,
    /// The boundary as a sentence.
    pub text: String,
}

/// How reliable the origin is.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// A trusted server saw this address.
    Fact,
    /// Only an untrusted header says so.
    Claimed,
    /// The origin is unknown.
    #[default]
    None,
}

/// Where the message came from.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Origin {
    /// IP address of the client.
    pub address: Option<IpAddr>,
    /// Its name: from reverse DNS if the server recorded it, otherwise from HELO.
    pub host: Option<String>,
    /// How reliable the address is.
    pub confidence: Confidence,
    /// The header that names the address, as a sentence.
    pub evidence: String,
}

/// An address from an untrusted header.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq)]
pub struct Claim {
    /// The name of the header field.
    pub source: String,
    /// The hop, for addresses from `Received` lines.
    pub hop: Option<usize>,
    /// IP address of the source.
    pub address: IpAddr,
    /// The host name given with the address.
    pub host: Option<String>,
    /// The class of the address.
    pub scope: String,
}

/// A contradiction or irregularity.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// The hop it concerns; `null` for the whole message.
    pub hop: Option<usize>,
    /// The anomaly as a sentence.
    pub text: String,
}

/// The result of one check.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct AuthResult {
    /// RFC 8601 result: `pass`, `fail`, `softfail`, `none`, …; `null` when no trusted server reports one.
    pub result: Option<String>,
    /// Whether this service verified the result itself.
    pub verified: bool,
    /// Which server reports the result, and for which identity.
    pub detail: String,
    /// The domain that was checked; `null` if this service did not check it.
    #[serde(default)]
    pub domain: Option<String>,
}

/// One DKIM signature (RFC 6376).
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct Dkim {
    /// RFC 8601 result; `null` when no trusted server reports one.
    pub result: Option<String>,
    /// Whether this service verified the signature itself.
    pub verified: bool,
    /// Which server reports the result, and for which identity.
    pub detail: String,
    /// The signing domain, `d=`.
    pub domain: Option<String>,
    /// The key's name, `s=`.
    pub selector: Option<String>,
    /// The signature's algorithm, tag `a=`.
    pub algorithm: Option<String>,
}

/// Authentication results of the recipient's server.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Authentication {
    /// SPF: whether the address may send for the envelope sender's domain.
    pub spf: AuthResult,
    /// DKIM: one entry per signature.
    pub dkim: Vec<Dkim>,
    /// DMARC: whether SPF or DKIM passes for the author's domain.
    pub dmarc: AuthResult,
    /// What the author's domain asks receivers to do with mail that fails DMARC: `none`, `quarantine` or `reject`;
    /// `null` if it was not looked up.
    pub dmarc_policy: Option<String>,
    /// ARC: the chain of forwarders (RFC 8617).
    pub arc: AuthResult,
    /// The server that reported these results.
    pub authserv_id: Option<String>,
    /// What the recipient's servers reported, also where the result was checked again.
    #[serde(default)]
    pub reported: Vec<ReportedResult>,
}

/// One result in an `Authentication-Results` (RFC 8601) or `Received-SPF` field of the recipient's server.
#[derive(Serialize, Deserialize, JsonSchema, Debug, Default, Clone, PartialEq, Eq)]
pub struct ReportedResult {
    /// The method: `spf`, `dkim`, `dmarc` or `arc`.
    pub method: String,
    /// Its result: `pass`, `fail`, `softfail`, `none`, …
    pub result: String,
    /// The server that reports it.
    pub by: String,
    /// The identity that was checked, and the server's comment.
    pub detail: String,
}

/// Input for the checks that need DNS lookups.
#[derive(Serialize, JsonSchema, Debug, Default, Clone, PartialEq)]
pub struct Verify {
    /// Input for SPF; only when the client address is verified.
    pub spf: Option<SpfInput>,
    /// For DMARC: the domain of the `From` field.
    pub from_domain: Option<String>,
    /// The domains of all authors in lower case, each once.
    pub author_domains: Vec<String>,
    /// Number of `From` fields.
    pub from_fields: usize,
    /// The domains of the signatures (`d=`).
    pub signers: Vec<String>,
    /// DKIM signatures can be checked: the message has some, and its body; see [`super::signed`].
    pub dkim: bool,
    /// The ARC chain can be checked: the message has one, and its body.
    pub arc: bool,
}

/// Arguments of the SPF check (RFC 7208 §4.1).
#[derive(Serialize, JsonSchema, Debug, Clone, PartialEq, Eq)]
pub struct SpfInput {
    /// The address of the client.
    pub address: IpAddr,
    /// The envelope's sender; empty for the null sender.
    pub mail_from: String,
    /// The name that the client gave in HELO or EHLO.
    pub helo: Option<String>,
    /// The server that received it.
    pub by: Option<String>,
}
