//! What a verification found: a verdict, and each check for itself.

use netvane_net::smtp::{Entry, Meaning, TlsFacts};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Reason, suggestion};
use crate::args::{
    MailDomain,
    mailbox::Mailbox,
    special_mailboxes::{is_disposable, is_role},
};

/// The short answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Its exchange takes mail for it, and not for just any name.
    Deliverable,
    /// Mail to it comes back.
    Undeliverable,
    /// It may exist, or does and takes nothing just now.
    Risky,
    /// Nobody told us.
    Unknown,
}

/// Each check; `null` is one that was not made or gave no answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Checks {
    /// The address is well-formed.
    pub syntax: Option<bool>,
    /// The domain has a mail exchange.
    pub mx: Option<bool>,
    /// An exchange talked to us.
    pub smtp: Option<bool>,
    /// It takes mail for the address.
    pub accepts_mailbox: Option<bool>,
    /// It takes mail for any address.
    pub catch_all: Option<bool>,
    /// The mailbox is full.
    pub mailbox_full: Option<bool>,
    /// The mailbox is disabled.
    pub disabled: Option<bool>,
    /// We were asked to come again; also true where that helped.
    pub greylisted: Option<bool>,
    /// The domain gives out throw-away addresses.
    pub disposable: Option<bool>,
    /// The address is a function's, not a person's (RFC 2142).
    pub role: Option<bool>,
}

/// A verification's result.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct Report {
    /// As it is written on the wire.
    pub address: String,
    /// The short answer.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
    /// Each check.
    pub checks: Checks,
    /// The exchange that the verdict is from.
    pub exchange: Option<String>,
    /// How its connection was protected; `null` in the clear.
    pub tls: Option<TlsFacts>,
    /// What was said, over all connections.
    pub transcript: Vec<Entry>,
    /// An address that was probably meant.
    pub suggestion: Option<String>,
    /// Seconds after which it is worth asking again.
    pub retry_after: Option<u64>,
}

impl Report {
    /// Of an address that no exchange was asked about; `reason` says why.
    #[must_use]
    pub(crate) fn unasked(mailbox: &Mailbox, reason: Reason) -> Self {
        let domain = mailbox.domain_name();
        let mut checks = Checks {
            syntax: Some(true),
            disposable: domain.map(is_disposable),
            role: Some(is_role(&mailbox.local)),
            ..Checks::default()
        };

        if matches!(
            reason,
            Reason::NoSuchDomain | Reason::NoExchange | Reason::NoMailHere
        ) {
            checks.mx = Some(false);
        }

        let corrected = |domain: &str| {
            let domain = MailDomain::Name(suggestion(domain)?.to_owned());
            Some(
                Mailbox {
                    domain,
                    ..mailbox.clone()
                }
                .wire(),
            )
        };

        Self {
            address: mailbox.wire(),
            verdict: reason.verdict(),
            reason,
            checks,
            exchange: None,
            tls: None,
            transcript: Vec::new(),
            suggestion: domain.and_then(corrected),
            retry_after: None,
        }
    }

    /// Of a text that is no address.
    #[must_use]
    pub(crate) fn invalid(text: &str) -> Self {
        let mut address: String = text.chars().take(254).collect();
        if address.len() < text.len() {
            address.push('…');
        }
        let checks = Checks {
            syntax: Some(false),
            ..Checks::default()
        };
        let reason = Reason::InvalidAddress;
        Self {
            address,
            verdict: reason.verdict(),
            reason,
            checks,
            exchange: None,
            tls: None,
            transcript: Vec::new(),
            suggestion: None,
            retry_after: None,
        }
    }

    /// Fills in what the exchange said about the address and about one that nobody has.
    pub(super) fn answered(&mut self, said: Meaning, about_random: Option<Meaning>) {
        use Meaning::{
            Accepted, Ambiguous, Disabled, Full, Moved, NoMailHere, NoSuchUser, RelayDenied,
            Unverified,
        };

        let checks = &mut self.checks;
        checks.smtp = Some(true);
        checks.catch_all = match (said, about_random) {
            (_, Some(Accepted | Unverified)) => Some(true),
            (NoSuchUser, _) => Some(false),
            // It tells the two apart, whatever it calls that.
            (
                Accepted | Unverified,
                Some(NoSuchUser | Disabled | Moved | NoMailHere | RelayDenied | Ambiguous),
            ) => Some(false),
            (Full | Disabled | Moved, Some(NoSuchUser)) => Some(false),
            _ => None,
        };

        checks.accepts_mailbox = match said {
            Accepted | Unverified => Some(true),
            NoSuchUser | Disabled | Full | Moved | NoMailHere => Some(false),
            _ => None,
        };

        if matches!(said, Accepted | Unverified | Disabled | Full) {
            checks.mailbox_full = Some(said == Full);
            checks.disabled = Some(said == Disabled);
        }

        self.reason = match Reason::from(said) {
            Reason::Accepted if checks.catch_all == Some(true) => Reason::CatchAll,
            reason => reason,
        };
        self.verdict = self.reason.verdict();
    }

    pub(super) fn failed(&mut self, reason: Reason) {
        self.reason = reason;
        self.verdict = reason.verdict();
    }
}

#[cfg(test)]
mod tests;
