//! Why a verdict is what it is, in one word and in one sentence.

use netvane_net::smtp::Meaning;
use schemars::JsonSchema;
use serde::Serialize;

use super::Verdict;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reason {
    /// The exchange takes the address.
    Accepted,
    /// It takes every address of the domain.
    CatchAll,
    /// It takes the address without knowing it.
    Unverified,
    /// It says that there is no such mailbox.
    NoSuchUser,
    /// The mailbox exists and is shut.
    Disabled,
    /// The mailbox exists and is full.
    Full,
    /// The mailbox is elsewhere now.
    Moved,
    /// No address can be read.
    InvalidAddress,
    /// The domain does not exist.
    NoSuchDomain,
    /// The domain has neither exchange nor address, or none that can be used.
    NoExchange,
    /// The domain says that it takes no mail (RFC 7505, 521, 556).
    NoMailHere,
    /// The exchange takes no addresses beyond ASCII (RFC 6531).
    NoUtf8,
    /// Strangers have to come again.
    Greylisted,
    /// We were refused for policy or reputation; nothing is said about the mailbox.
    Blocked,
    /// We were refused for asking too often.
    RateLimited,
    /// The exchange does not feel responsible for the domain.
    RelayDenied,
    /// The exchange does not like our sender.
    SenderRefused,
    /// Each exchange refuses the connection.
    ConnectionRefused,
    /// The exchange insists on TLS, which did not come about.
    TlsFailed,
    /// The exchange has a trouble that will pass.
    TemporaryFailure,
    /// The exchange refuses without saying why.
    Ambiguous,
    /// The exchange answers so slowly, on purpose it seems, that there is no answer.
    Tarpit,
    /// The exchange fell silent.
    TimedOut,
    /// The exchange hung up.
    Closed,
    /// What answers does not speak SMTP.
    NotSmtp,
    /// No exchange can be connected to.
    Unreachable,
    /// We left the exchange alone: all askers together have asked it enough for now.
    Spared,
    /// No exchange of any domain can: port 25 is blocked from here.
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
            Meaning::Ambiguous => Self::Ambiguous,
        }
    }
}

impl Reason {
    /// The verdict that it leads to.
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

    /// How much it says, where several exchanges failed in different ways.
    pub(super) fn weight(self) -> u8 {
        match self {
            Self::Greylisted => 12,
            Self::NoMailHere | Self::NoUtf8 => 11,
            Self::RateLimited | Self::Spared => 10,
            Self::TlsFailed => 9,
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
