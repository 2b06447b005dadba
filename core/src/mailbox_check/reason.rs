//! Reasons for a verdict.

use netvane_net::smtp::Meaning;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Verdict;

/// Reason for the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// The mail server accepts the address.
    Accepted,
    /// The mail server accepts every address of the domain.
    CatchAll,
    /// The mail server accepts the address without verifying it (252).
    Unverified,
    /// The mail server reports that the mailbox does not exist.
    NoSuchUser,
    /// The mailbox exists but is disabled.
    Disabled,
    /// The mailbox exists but is full.
    Full,
    /// The mailbox has moved to another address.
    Moved,
    /// The text is not a valid email address.
    InvalidAddress,
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain has no usable mail server.
    NoExchange,
    /// The domain does not accept mail (null MX, RFC 7505, or replies 521 and 556, RFC 7504).
    NoMailHere,
    /// The mail server does not support internationalized addresses (SMTPUTF8, RFC 6531).
    NoUtf8,
    /// The mail server greylisted us; a later attempt may succeed.
    Greylisted,
    /// The mail server blocked us for policy or reputation; the mailbox may exist.
    Blocked,
    /// The mail server rate-limited us.
    RateLimited,
    /// The mail server does not handle mail for the domain (relay denied).
    RelayDenied,
    /// The mail server rejected our sender address.
    SenderRefused,
    /// All mail servers refused the connection.
    ConnectionRefused,
    /// The mail server requires STARTTLS, but the TLS connection failed.
    TlsFailed,
    /// The connection could not be encrypted, and the settings do not allow cleartext.
    Unencrypted,
    /// Temporary error of the mail server or of the MX lookup.
    TemporaryFailure,
    /// The mail server refused the address without saying that the mailbox does not exist.
    Ambiguous,
    /// The mail server is tarpitting: it replies too slowly to complete.
    Tarpit,
    /// The mail server timed out.
    TimedOut,
    /// The mail server closed the connection.
    Closed,
    /// The server does not speak SMTP.
    NotSmtp,
    /// No mail server could be connected to.
    Unreachable,
    /// The mail server was not probed: its hourly limit, shared by all clients, is reached.
    #[serde(rename = "spared")]
    BudgetExhausted,
    /// Port 25 is blocked from here, so no mail server of any domain can be reached.
    PortBlocked,
}

impl From<Meaning> for Reason {
    fn from(meaning: Meaning) -> Self {
        match meaning {
            Meaning::Accepted => Self::Accepted,
            Meaning::Unverified => Self::Unverified,
            Meaning::NoSuchUser => Self::NoSuchUser,
            Meaning::Disabled => Self::Disabled,
            Meaning::Full => Self::Full,
            Meaning::Moved => Self::Moved,
            Meaning::NoMailHere => Self::NoMailHere,
            Meaning::Greylisted => Self::Greylisted,
            Meaning::Blocked => Self::Blocked,
            Meaning::RateLimited | Meaning::TooManyRecipients => Self::RateLimited,
            Meaning::RelayDenied => Self::RelayDenied,
            Meaning::SenderRefused => Self::SenderRefused,
            Meaning::TlsRequired => Self::TlsFailed,
            Meaning::NoUtf8 => Self::NoUtf8,
            Meaning::Temporary => Self::TemporaryFailure,
            Meaning::Ambiguous | Meaning::Unrelated => Self::Ambiguous,
        }
    }
}

impl Reason {
    /// The verdict that follows from this reason.
    #[must_use]
    pub(crate) fn verdict(self) -> Verdict {
        match self {
            Self::Accepted => Verdict::Deliverable,
            Self::CatchAll | Self::Unverified | Self::Full => Verdict::Risky,
            Self::NoSuchUser
            | Self::Disabled
            | Self::Moved
            | Self::InvalidAddress
            | Self::NoSuchDomain
            | Self::NoExchange
            | Self::NoMailHere
            | Self::NoUtf8 => Verdict::Undeliverable,
            _ => Verdict::Unknown,
        }
    }

    /// Rank of the reason if several mail servers failed differently; the highest one is reported.
    pub(super) fn weight(self) -> u8 {
        match self {
            Self::Greylisted => 12,
            Self::NoMailHere | Self::NoUtf8 => 11,
            Self::RateLimited | Self::BudgetExhausted => 10,
            Self::TlsFailed | Self::Unencrypted => 9,
            Self::Blocked => 8,
            Self::TemporaryFailure => 7,
            Self::Tarpit => 6,
            Self::Closed => 5,
            Self::TimedOut => 4,
            Self::NotSmtp => 3,
            Self::ConnectionRefused => 2,
            Self::Unreachable => 1,
            Self::PortBlocked => 0,
            _ => 20,
        }
    }
}

#[cfg(test)]
mod tests;
