//! What the answer to a DNS query amounts to.

use domain::base::iana::OptRcode;
use netvane_document::Severity;
use schemars::JsonSchema;
use serde::Serialize;

/// What an answer amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// There are records.
    Answer,
    /// The name exists, the type does not (NODATA).
    NoData,
    /// The name does not exist.
    Nxdomain,
    /// The resolver failed.
    Servfail,
    /// The server does not want to answer.
    Refused,
    /// The server is asked about a zone that it does not know.
    Lame,
    /// The server knows only who might know.
    Referral,
    /// Aliases lead in a circle.
    CnameLoop,
    /// Aliases lead on and on.
    CnameTooLong,
    /// Cut short, and the whole could not be had.
    Truncated,
    /// Another RCODE.
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

/// `NOERROR`, or `RCODE 17` for numbers without a name.
pub(crate) fn rcode_name(rcode: OptRcode) -> String {
    match rcode
        .to_mnemonic()
        .and_then(|name| std::str::from_utf8(name).ok())
    {
        Some(name) => name.to_owned(),
        None => format!("RCODE{}", rcode.to_int()),
    }
}
