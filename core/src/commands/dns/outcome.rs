//! Classification of DNS responses.

use netvane_document::Severity;
pub(crate) use netvane_net::dns::rcode_name;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Classification of a DNS response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// The response has records of the queried type.
    Answer,
    /// The name exists, but has no records of this type (NODATA).
    NoData,
    /// The name does not exist (NXDOMAIN).
    Nxdomain,
    /// The server failed (SERVFAIL).
    Servfail,
    /// The server refused the query (REFUSED).
    Refused,
    /// The server is not authoritative for the name and does not recurse.
    Lame,
    /// The server returned a referral to other name servers.
    Referral,
    /// The CNAME chain is a loop.
    CnameLoop,
    /// The CNAME chain has more than 8 aliases.
    CnameTooLong,
    /// The response was truncated and the TCP retry failed.
    Truncated,
    /// The server returned another RCODE.
    Error,
}

impl Outcome {
    pub(crate) fn severity(self) -> Severity {
        match self {
            Self::Answer => Severity::Good,
            Self::NoData | Self::Referral => Severity::Neutral,
            Self::Truncated => Severity::Warning,
            _ => Severity::Bad,
        }
    }
}
